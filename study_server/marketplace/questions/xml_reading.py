"""XML from strangers: parsed without entities, without a DTD, without a network."""

from __future__ import annotations

from typing import Final

from lxml import etree

from study_server.marketplace.errors import RequestError

MAX_BYTES: Final = 65_535


def parse_xml(text: str, *, what: str) -> etree._Element:
    """The root element.

    Args:
        text: The document.
        what: Its name in messages, "Question".

    Raises:
        RequestError: If it is too long, not XML, or declares a document type, as
            entity bombs and references to files do.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BYTES:
        raise RequestError(
            "ParameterValidationError",
            f"{what} is {len(raw)} bytes long; at most {MAX_BYTES} are allowed",
            rule="document-size",
        )
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise schema_error(what, str(error)) from error
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD:
        raise schema_error(
            what, "document type declarations are not allowed", rule="no-entities"
        )
    return root


def local_name(element: etree._Element) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname)


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first child of that name, in any namespace."""
    return next((entry for entry in element if local_name(entry) == name), None)


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """Every child of that name, in any namespace."""
    return [entry for entry in element if local_name(entry) == name]


def text_of(element: etree._Element | None) -> str:
    """The text of an element, without space around; "" of none."""
    return "" if element is None else "".join(element.itertext()).strip()


def schema_error(what: str, why: str, *, rule: str = "schema") -> RequestError:
    """The error about a document that is not XML, or not what its schema says."""
    return RequestError(
        "XMLParseError",
        f"There was an error parsing the XML {what.lower()} in your request. Please "
        f"make sure the data is well-formed and validates against the appropriate "
        f"schema. Details: {why}",
        rule=rule,
    )
