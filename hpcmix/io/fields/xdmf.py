"""The XDMF description of a snapshot: it tells ParaView what the HDF5 file beside it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

import numpy as np

from hpcmix.grid import Grid


def describe(file_name: str, grid: Grid, time: float, kinds: Mapping[str, np.dtype], title: str = "") -> str:
    """XML text for the real fields of the HDF5 file `file_name`, which lies in the same directory; values belong to
    the grid points.

    kinds    dataset path -> type; complex fields are left out, ParaView has no place for them.
    XDMF names the slowest axis first, and so do our arrays; but ParaView calls the fastest axis X. Its X, Y, Z are
    therefore our z, y, x; in two dimensions its Y, Z are our y, x, in one its Z is our x. Nothing but a reordering of
    the data could change that.
    """
    root = ElementTree.Element("Xdmf", Version="3.0")
    domain = ElementTree.SubElement(root, "Domain")
    uniform = ElementTree.SubElement(domain, "Grid", Name="snapshot", GridType="Uniform")
    if title:
        ElementTree.SubElement(uniform, "Information", Name="title", Value=title)
    ElementTree.SubElement(uniform, "Information", Name="axes", Value=_AXES[grid.dimensions])
    ElementTree.SubElement(uniform, "Time", Value=repr(float(time)))
    _mesh(uniform, grid)
    for name, kind in kinds.items():
        if np.dtype(kind).kind != "c":
            _field(uniform, file_name, grid, name, np.dtype(kind))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" []>\n{text}\n'


def describe_series(file_name: str, grid: Grid, count: int, names: Iterable[str], title: str = "") -> str:
    """XML text for real datasets of the HDF5 file `file_name` whose first axis numbers `count` fields on the grid: the
    number of the field stands in place of the time. Axes as :func:`describe` has them."""
    root = ElementTree.Element("Xdmf", Version="3.0")
    domain = ElementTree.SubElement(root, "Domain")
    series = ElementTree.SubElement(domain, "Grid", Name="fields", GridType="Collection", CollectionType="Temporal")
    if title:
        ElementTree.SubElement(series, "Information", Name="title", Value=title)
    ElementTree.SubElement(series, "Information", Name="axes", Value=_AXES[grid.dimensions])
    whole, part = (count, *grid.points), (1, *grid.points)
    for number in range(count):
        uniform = ElementTree.SubElement(series, "Grid", Name=f"field {number}", GridType="Uniform")
        ElementTree.SubElement(uniform, "Time", Value=repr(float(number)))
        _mesh(uniform, grid)
        for name in names:
            label = name.replace("/", " ")
            attribute = ElementTree.SubElement(uniform, "Attribute", Name=label, AttributeType="Scalar", Center="Node")
            slab = ElementTree.SubElement(attribute, "DataItem", ItemType="HyperSlab", Dimensions=_text(grid.points))
            place = ElementTree.SubElement(slab, "DataItem", Dimensions=f"3 {len(whole)}", Format="XML")
            first, stride = (number, *(0 for _ in grid.points)), (1 for _ in whole)
            place.text = "  ".join(_text(values) for values in (first, stride, part))
            source = ElementTree.SubElement(
                slab, "DataItem", Dimensions=_text(whole), NumberType="Float", Precision="8", Format="HDF"
            )
            source.text = f"{file_name}:/{name}"
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" []>\n{text}\n'


_AXES = {
    1: "Z of ParaView is x of the file",
    2: "Y, Z of ParaView are y, x of the file",
    3: "X, Y, Z of ParaView are z, y, x of the file",
}


def _mesh(parent: ElementTree.Element, grid: Grid) -> None:
    """The grid points: sizes, first point and spacing, all with the slowest axis first."""
    points, spacings = list(grid.points), list(grid.spacings)
    origin = [grid.axis(axis)[0] for axis in range(grid.dimensions)]
    if grid.dimensions == 1:
        # XDMF has no line of points. A box one point thick behind the axis is the form that VTK's reader fills from
        # one-dimensional data; with the axis last it reads a single value
        points, spacings, origin = [*points, 1, 1], [*spacings, 1.0, 1.0], [*origin, 0.0, 0.0]
    flat = len(points) == 2
    ElementTree.SubElement(
        parent, "Topology", TopologyType="2DCoRectMesh" if flat else "3DCoRectMesh", Dimensions=_text(points)
    )
    geometry = ElementTree.SubElement(parent, "Geometry", GeometryType="ORIGIN_DXDY" if flat else "ORIGIN_DXDYDZ")
    for name, values in (("Origin", origin), ("Spacing", spacings)):
        item = ElementTree.SubElement(
            geometry,
            "DataItem",
            Name=name,
            Dimensions=str(len(points)),
            NumberType="Float",
            Precision="8",
            Format="XML",
        )
        item.text = _text(float(value) for value in values)


def _field(parent: ElementTree.Element, file_name: str, grid: Grid, name: str, kind: np.dtype) -> None:
    label = name.replace("/", " ")
    attribute = ElementTree.SubElement(parent, "Attribute", Name=label, AttributeType="Scalar", Center="Node")
    item = ElementTree.SubElement(
        attribute,
        "DataItem",
        Dimensions=_text(grid.points),
        NumberType={"f": "Float", "i": "Int", "u": "UInt"}[kind.kind],
        Precision=str(kind.itemsize),
        Format="HDF",
    )
    item.text = f"{file_name}:/{name}"


def _text(values: Iterable[object]) -> str:
    return " ".join(repr(value) for value in values)
