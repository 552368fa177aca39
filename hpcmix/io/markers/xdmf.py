"""The XDMF description of a marker file: it tells ParaView what the HDF5 file beside it holds."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from hpcmix.io.markers.openpmd import species_path


def describe_markers(file_name: str, iteration: int, time: float, numbers: Mapping[str, int], axes: str) -> str:
    """XML text for the markers in the HDF5 file `file_name`, which lies in the same directory: points with momentum and
    weighting. In one dimension the points lie in phase space, x along X and the momentum along Y.

    numbers  species -> markers in the file.
    axes     such as "xyz".
    """
    root = ElementTree.Element("Xdmf", Version="3.0")
    domain = ElementTree.SubElement(root, "Domain")
    collection = ElementTree.SubElement(domain, "Grid", Name="markers", GridType="Collection", CollectionType="Spatial")
    ElementTree.SubElement(collection, "Time", Value=repr(float(time)))
    for species, number in numbers.items():
        place = f"{file_name}:/{species_path(iteration, species)}"
        uniform = ElementTree.SubElement(collection, "Grid", Name=species, GridType="Uniform")
        ElementTree.SubElement(uniform, "Topology", TopologyType="Polyvertex", NumberOfElements=str(number))
        coordinates = [f"position/{axis}" for axis in axes]
        if len(axes) == 1:
            coordinates.append(f"momentum/{axes}")
            ElementTree.SubElement(uniform, "Information", Name="axes", Value="X is x, Y is the momentum along x")
        kind = "X_Y_Z" if len(coordinates) == 3 else "X_Y"
        geometry = ElementTree.SubElement(uniform, "Geometry", GeometryType=kind)
        for coordinate in coordinates:
            _item(geometry, number, f"{place}/{coordinate}")
        fields = {f"momentum {axis}": f"momentum/{axis}" for axis in axes} | {"weighting": "weighting", "id": "id"}
        for name, dataset in fields.items():
            field = ElementTree.SubElement(uniform, "Attribute", Name=name, AttributeType="Scalar", Center="Node")
            _item(field, number, f"{place}/{dataset}", "UInt" if name == "id" else "Float")
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _item(parent: ElementTree.Element, number: int, dataset: str, kind: str = "Float") -> None:
    item = ElementTree.SubElement(
        parent, "DataItem", Dimensions=str(number), NumberType=kind, Precision="8", Format="HDF"
    )
    item.text = dataset
