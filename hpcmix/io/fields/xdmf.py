"""The XDMF descriptions of snapshots: they tell ParaView what the HDF5 files beside them hold.

X, Y and Z of ParaView are x, y and z of the file; a grid of two dimensions lies in the plane (X, Y), one of one
dimension along X. For that the points are given one by one (:mod:`hpcmix.io.fields.mesh`): it is a structured grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from hpcmix.grid import Grid
from hpcmix.io.fields.mesh import GROUP

_INCLUSIONS = "http://www.w3.org/2001/XInclude"


def describe(file_name: str, grid: Grid, time: float, kinds: Mapping[str, np.dtype], title: str = "") -> str:
    """XML text for the real fields of the HDF5 file `file_name`, which lies in the same directory and has a mesh;
    values belong to the grid points.

    kinds    dataset path -> type; complex fields are left out, ParaView has no place for them.
    """
    root, domain = _document()
    snapshot = _titled(ElementTree.SubElement(domain, "Grid", Name="snapshot", GridType="Uniform"), title)
    ElementTree.SubElement(snapshot, "Time", Value=repr(float(time)))
    _mesh(snapshot, file_name, grid)
    for name, kind in kinds.items():
        if np.dtype(kind).kind != "c":
            _item(_attribute(snapshot, name), f"{file_name}:/{name}", grid.points, np.dtype(kind))
    return _text(root)


def describe_series(file_name: str, grid: Grid, count: int, names: Iterable[str], title: str = "") -> str:
    """XML text for real datasets of the HDF5 file `file_name` whose first axis numbers `count` fields on the grid: the
    number of the field stands in place of the time."""
    root, domain = _document()
    series = _titled(_collection(domain, "fields"), title)
    whole = (count, *grid.points)
    for number in range(count):
        uniform = ElementTree.SubElement(series, "Grid", Name=f"field {number}", GridType="Uniform")
        ElementTree.SubElement(uniform, "Time", Value=repr(float(number)))
        _mesh(uniform, file_name, grid)
        for name in names:
            slab = ElementTree.SubElement(
                _attribute(uniform, name), "DataItem", ItemType="HyperSlab", Dimensions=_joined(grid.points)
            )
            place = ElementTree.SubElement(slab, "DataItem", Dimensions=f"3 {len(whole)}", Format="XML")
            first, stride, part = (number, *(0 for _ in grid.points)), (1 for _ in whole), (1, *grid.points)
            place.text = "  ".join(_joined(values) for values in (first, stride, part))
            _item(slab, f"{file_name}:/{name}", whole, np.dtype(np.float64))
    return _text(root)


def describe_collection(files: Iterable[Path], title: str = "") -> str:
    """XML text for the descriptions beside these HDF5 files, all in one directory, as one collection over time: of each
    the grid is taken, with the time that it has."""
    ElementTree.register_namespace("xi", _INCLUSIONS)
    root, domain = _document()
    series = _titled(_collection(domain, "run"), title)
    for file in files:
        part = ElementTree.SubElement(series, f"{{{_INCLUSIONS}}}include", href=file.with_suffix(".xdmf").name)
        part.set("xpointer", "xpointer(/Xdmf/Domain/Grid)")
    return _text(root)


def _document() -> tuple[ElementTree.Element, ElementTree.Element]:
    """An empty description, and the element that grids belong into."""
    root = ElementTree.Element("Xdmf", Version="3.0")
    return root, ElementTree.SubElement(root, "Domain")


def _collection(parent: ElementTree.Element, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, "Grid", Name=name, GridType="Collection", CollectionType="Temporal")


def _titled(element: ElementTree.Element, title: str) -> ElementTree.Element:
    if title:
        ElementTree.SubElement(element, "Information", Name="title", Value=title)
    return element


def _mesh(parent: ElementTree.Element, file_name: str, grid: Grid) -> None:
    """The grid points, in the order of the arrays."""
    # a line is a box one point thick: XDMF has no structured grid of one dimension
    points = grid.points if grid.dimensions > 1 else (*grid.points, 1, 1)
    kind = f"{len(points)}DSMesh"
    ElementTree.SubElement(parent, "Topology", TopologyType=kind, Dimensions=_joined(points))
    geometry = ElementTree.SubElement(parent, "Geometry", GeometryType="X_Y_Z")
    for name in "XYZ":
        _item(geometry, f"{file_name}:/{GROUP}/{name}", grid.points, np.dtype(np.float32))


def _attribute(parent: ElementTree.Element, name: str) -> ElementTree.Element:
    label = name.replace("/", " ")
    return ElementTree.SubElement(parent, "Attribute", Name=label, AttributeType="Scalar", Center="Node")


def _item(parent: ElementTree.Element, place: str, shape: Sequence[int], kind: np.dtype) -> None:
    """A dataset of an HDF5 file."""
    item = ElementTree.SubElement(
        parent,
        "DataItem",
        Dimensions=_joined(shape),
        NumberType={"f": "Float", "i": "Int", "u": "UInt"}[kind.kind],
        Precision=str(kind.itemsize),
        Format="HDF",
    )
    item.text = place


def _joined(values: Iterable[object]) -> str:
    return " ".join(repr(value) for value in values)


def _text(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
