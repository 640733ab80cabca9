"""What a data set's folder holds: its images as it labels them, and what is left out.

Forms in which researchers keep labelled images:

* a folder per class, named by class name, number (see `stimuli.sources.class_folders`) or
  WordNet id;
* a folder with `labels.csv`: `file,label[,name[,wnid]]`;
* torchvision's ImageNet layout (`val/n01440764/*.JPEG`, with or without
  `meta.bin`);
* unlabelled pictures.

Beside them, optional: `classes.csv` (`index,name[,gloss[,wnid]]`) and
`truth.csv` (`file,present`, classes separated by "|"; if wanted `also`,
things that are no classes), and licences and credits (see `stimuli.sources.rights`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

from stimuli.errors import DatasetError
from stimuli.sources.class_tables import CLASSES, read_classes
from stimuli.sources.file_names import FileNames
from stimuli.sources.images import SUFFIXES
from stimuli.sources.known_contents import TRUTH
from stimuli.sources.labels_table import LABELS, Labelled, read_labels
from stimuli.sources.rights import CREDITS

Form = Literal["folders", "labels", "imagenet", "unlabelled"]

_WNID: Final = re.compile(r"n\d{8}\Z")
_OTHER_SUFFIXES: Final = frozenset({".tsv", ".xlsx", ".xls", ".ods"})
# What systems and programs leave in folders; their copies are no pictures of a class.
_STRAY: Final = frozenset(
    {"__macosx", "__pycache__", "@eadir", "$recycle.bin", "lost+found"}
    | {"system volume information"}
)
# Images of kinds that are not read here.
_UNREAD: Final = frozenset(
    {".heic", ".heif", ".hif", ".jxl", ".svg", ".psd", ".pdf", ".eps", ".ico"}
    | {".tga", ".exr", ".hdr", ".dcm", ".npy", ".npz", ".jp2k", ".j2k", ".jpf"}
    | {".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".raw"}
)
# Tables and texts in the folder itself speak of the data set.
_BESIDE: Final = frozenset(
    {".csv", ".tsv", ".txt", ".md", ".rst", ".html", ".json", ".toml", ".yaml"}
    | {".yml", ".bin", ".mat", ".py"}
)
_WORDS_ABOUT: Final = frozenset({"readme", "license", "licence", "copying", "notice"})
_N_NAMED: Final = 20


@dataclass(frozen=True, kw_only=True)
class ListedImage:
    """One image as the folder gives it.

    Attributes:
        source: Path inside the data set, POSIX separators.
        label: What the data set says, not yet looked up; None if unlabelled.
        line: Line of labels.csv, 0 where there is none.
        row: That line.
    """

    source: str
    label: str | None
    line: int = 0
    row: Labelled | None = None


@dataclass(frozen=True, kw_only=True)
class LeftOutFile:
    """One file of a data set that no classifier sees.

    Attributes:
        file: Path inside the data set, POSIX separators.
        reason: Why, in words.
    """

    file: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ClassFolders:
    """The folders of a data set with a folder per class.

    Attributes:
        named: Those that hold images, sorted as text.
        empty: Those that hold none.
        inner: Folders with images inside the only one that holds any; else empty.
    """

    named: tuple[str, ...]
    empty: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DatasetListing:
    """What a data set folder holds, before the classes are known.

    Attributes:
        folder: Where sources are relative to.
        form: How labels are given.
        entries: Sorted by source.
        names: Class number to (name, gloss), from classes.csv, labels.csv or
            settled folders.
        overrides: Whether `names` comes from classes.csv, which has the last word.
        folders: Folders that are classes; None in the other forms.
        numbers: Folder to class number, once settled, where they are numbers.
        wnids: WordNet id to class number.
        is_order_guessed: Whether `wnids` only counts the folders.
        problems: What is wrong with the labels file so far.
        n_unlabelled: Images in the folder that labels.csv leaves out.
        left_out: Other files that are no part of the data set.
        notes: What its user should know of tables and folders.
    """

    folder: Path
    form: Form
    entries: tuple[ListedImage, ...]
    names: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    overrides: bool = False
    folders: ClassFolders | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    wnids: Mapping[str, str] = field(default_factory=dict)
    is_order_guessed: bool = False
    problems: tuple[str, ...] = ()
    n_unlabelled: int = 0
    left_out: tuple[LeftOutFile, ...] = ()
    notes: tuple[str, ...] = ()


def list_images(folder: Path, *, form: str = "auto") -> DatasetListing:
    """What the folder holds.

    Args:
        folder: The data set.
        form: "auto", or one of `Form`.

    Raises:
        DatasetError: If there is nothing of that form.
    """
    refuse_lookalikes(folder, (LABELS, CLASSES, TRUTH, CREDITS))
    root = folder / "val" if _is_imagenet_root(folder) else folder
    if root != folder:
        _refuse_elsewhere(folder, root)
    chosen = _detect(root) if form == "auto" else form
    if chosen == "labels":
        listing = _list_labelled(folder)
    elif chosen == "unlabelled":
        listing = _list_unlabelled(folder)
    else:
        listing = _list_folders(root, is_imagenet=chosen == "imagenet")
    if not listing.entries and not listing.problems:
        reasons = describe_reasons(count_reasons(listing.left_out))
        raise DatasetError(
            f"no images in {folder}; known kinds are {', '.join(sorted(SUFFIXES))}"
            + "".join(f"\n  {reason}" for reason in reasons)
        )
    return _with_classes_file(listing, folder)


def refuse_lookalikes(folder: Path, names: Sequence[str]) -> None:
    """Nothing where every table beside the images is one that is read.

    Args:
        folder: The data set.
        names: The tables that are read, such as "labels.csv".

    Raises:
        DatasetError: Naming a table that was meant, and would be passed over.
    """
    by_stem = {Path(name).stem: name for name in names}
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.casefold()
        meant = by_stem.get(path.stem.casefold())
        is_other = suffix in _OTHER_SUFFIXES or (
            suffix == ".csv" and path.name != meant
        )
        if meant and is_other and not (folder / meant).exists():
            raise DatasetError(
                f"{path} is not read: save it as {meant} (UTF-8, cells separated by "
                "commas), or take it out of the folder"
            )


def _is_imagenet_root(folder: Path) -> bool:
    val = folder / "val"
    return val.is_dir() and any(_WNID.match(p.name) for p in val.iterdir())


def _refuse_elsewhere(folder: Path, root: Path) -> None:
    """Tables of ImageNet's layout that lie where nobody would look for them."""
    wrong = [(folder / name, root) for name in (TRUTH, CREDITS)]
    wrong.append((root / CLASSES, folder))
    for path, place in wrong:
        if path.exists():
            raise DatasetError(f"{path} is not read there; put it into {place}")


def _detect(folder: Path) -> str:
    if (folder / "labels.csv").exists():
        return "labels"
    children = list(folder.iterdir())
    if any(p.is_file() and p.suffix.lower() in SUFFIXES for p in children):
        return "unlabelled"
    folders = [p.name for p in children if p.is_dir() and not is_stray(p.name)]
    others = [name for name in folders if not _WNID.match(name)]
    is_imagenet = len(others) < len(folders)
    if is_imagenet and not any(walk(folder / name).images for name in others):
        return "imagenet"
    return "folders"


def _list_unlabelled(folder: Path) -> DatasetListing:
    walked = walk(folder)
    return DatasetListing(
        folder=folder,
        form="unlabelled",
        entries=tuple(ListedImage(source=name, label=None) for name in walked.images),
        left_out=walked.left_out,
    )


def _list_folders(folder: Path, *, is_imagenet: bool) -> DatasetListing:
    walked = walk(folder)
    inside = [name for name in walked.images if "/" in name]
    beside = [
        LeftOutFile(file=name, reason="beside the class folders")
        for name in walked.images
        if "/" not in name
    ]
    listing = DatasetListing(
        folder=folder,
        form="imagenet" if is_imagenet else "folders",
        entries=tuple(ListedImage(source=n, label=n.partition("/")[0]) for n in inside),
        left_out=(*walked.left_out, *beside),
    )
    folders = find_class_folders(folder, walked.images)
    if not is_imagenet:
        return replace(listing, folders=folders)
    meta = _read_meta(folder)
    # A WordNet id is a class though no image of it be here.
    names = meta or sorted(filter(_WNID.match, (*folders.named, *folders.empty)))
    wnids = {name: str(i) for i, name in enumerate(names)}
    return replace(listing, wnids=wnids, is_order_guessed=not meta)


def _read_meta(folder: Path) -> list[str]:
    """WordNet ids in class order from torchvision's `meta.bin`, if there."""
    for meta in (folder / "meta.bin", folder.parent / "meta.bin"):
        if meta.is_file():
            # Kept out of the module's imports: listing needs no torch otherwise.
            import torch

            wnid_to_names, _ = torch.load(meta, weights_only=True)
            return sorted(wnid_to_names)
    return []


def _list_labelled(folder: Path) -> DatasetListing:
    walked = walk(folder)
    files = set(walked.images)
    table = read_labels(folder, FileNames(names=files, folder=folder))
    entries = [
        ListedImage(source=row.source, label=row.label, line=row.line, row=row)
        for row in table.rows
    ]
    return DatasetListing(
        folder=folder,
        form="labels",
        entries=tuple(sorted(entries, key=lambda entry: entry.source)),
        names=table.names,
        wnids=table.wnids,
        problems=tuple(table.problems),
        n_unlabelled=len(files - {entry.source for entry in entries}),
        left_out=tuple(without(walked.left_out, {e.source for e in entries})),
        notes=tuple(table.notes),
    )


def _with_classes_file(listing: DatasetListing, folder: Path) -> DatasetListing:
    table = read_classes(folder)
    if table is None:
        return listing
    return replace(
        listing,
        names=table.names,
        overrides=True,
        wnids=table.wnids or listing.wnids,
        is_order_guessed=listing.is_order_guessed and not table.wnids,
        notes=(*listing.notes, *table.notes),
    )


def find_class_folders(folder: Path, images: Sequence[str]) -> ClassFolders:
    """The folders in `folder` that may be classes.

    Args:
        folder: The data set.
        images: Paths inside it.
    """
    holding = {name.partition("/")[0] for name in images if "/" in name}
    there = {p.name for p in folder.iterdir() if p.is_dir() and not is_stray(p.name)}
    named = tuple(sorted(there & holding))
    inner = {name.split("/")[1] for name in images if name.count("/") > 1}
    return ClassFolders(
        named=named,
        empty=tuple(sorted(there - holding)),
        inner=tuple(sorted(inner)) if len(named) == 1 else (),
    )


@dataclass(frozen=True, kw_only=True)
class WalkedFolder:
    """Everything in a folder.

    Attributes:
        images: Files that are images by their names, sorted.
        left_out: Other files, sorted; without tables and texts about the data set.
    """

    images: tuple[str, ...]
    left_out: tuple[LeftOutFile, ...] = ()


def walk(folder: Path) -> WalkedFolder:
    """Every file in the folder and below, links to folders followed.

    Args:
        folder: The data set.

    Raises:
        DatasetError: If a folder cannot be looked into.
    """
    images, left_out = [], []
    for name in sorted(_files(folder)):
        reason = _why_left_out(folder, name)
        if reason is None:
            images.append(name)
        elif reason:
            left_out.append(LeftOutFile(file=name, reason=reason))
    return WalkedFolder(images=tuple(images), left_out=tuple(left_out))


def is_stray(name: str) -> bool:
    """Whether a folder of that name is hidden, or made by a system or program."""
    return name.startswith(".") or name.casefold() in _STRAY


def count_reasons(left_out: Sequence[LeftOutFile]) -> list[dict[str, Any]]:
    """One entry per reason, for the summary: `reason`, `n`, and the first `files`."""
    piles: dict[str, list[str]] = {}
    for each in left_out:
        piles.setdefault(each.reason, []).append(each.file)
    return [
        {"reason": reason, "n": len(files), "files": files[:_N_NAMED]}
        for reason, files in sorted(piles.items())
    ]


def describe_reasons(counted: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line per reason of `count_reasons`, for people."""
    return [
        f"left out: {entry['n']} {'file' if entry['n'] == 1 else 'files'}, "
        f"{entry['reason']} ({_first(entry['files'], entry['n'])})"
        for entry in counted
    ]


def _first(files: Sequence[str], n: int) -> str:
    return ", ".join(files[:3]) + (", ..." if n > 3 else "")


def _files(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        here = Path(place)
        folders[:] = [name for name in folders if not _leads_up(here, name)]
        inside = here.relative_to(folder)
        yield from ((inside / name).as_posix() for name in files)


def _refuse(error: OSError) -> None:
    raise DatasetError(
        f"cannot look into {error.filename}: {error.strerror}; its images would be "
        "missing in silence"
    ) from error


def _leads_up(here: Path, name: str) -> bool:
    """Whether it is a link to a folder it was come to by, which would never end."""
    path = here / name
    if not path.is_symlink():
        return False
    target = path.resolve()
    return any(above.resolve() == target for above in (here, *here.parents))


def _why_left_out(folder: Path, name: str) -> str | None:
    """None for an image, empty for what is no part of the data set."""
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    is_image = suffix in SUFFIXES
    for part in path.parts[:-1]:
        if is_stray(part):
            return f"in the folder {part}, which is no class" if is_image else ""
    if path.name.startswith("."):
        return "hidden: the name begins with a dot" if is_image else ""
    if not (folder / name).is_file():
        return "a broken link" if (folder / name).is_symlink() else "no plain file"
    if is_image:
        return None
    return "" if _is_beside(path) else _why_no_image(suffix)


def _is_beside(path: PurePosixPath) -> bool:
    is_table = len(path.parts) == 1 and path.suffix.lower() in _BESIDE
    return is_table or path.stem.casefold() in _WORDS_ABOUT


def _why_no_image(suffix: str) -> str:
    if not suffix:
        return "without a suffix, so no image by its name"
    if suffix in _UNREAD:
        return f"{suffix} files are not read; save them as PNG or JPEG"
    return f"{suffix} is no suffix of an image"


def without(
    left_out: Sequence[LeftOutFile], files: Collection[str]
) -> list[LeftOutFile]:
    """Those that are not named elsewhere as part of the data set."""
    return [each for each in left_out if each.file not in files]
