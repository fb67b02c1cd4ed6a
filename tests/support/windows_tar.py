#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""windows_tar.py OUT [NAME=TEXT]...: one base layer of a Windows image as a tar, small and made up:
the directories, hives and utility VM that a base layer has, and each NAME below Files as a file with
TEXT. Nothing
of Windows is in it: it runs nowhere but on a simulated Host Compute Service."""
import io
import sys
import tarfile

DIRECTORY, ARCHIVE = 0x10, 0x20
# Owner and group SYSTEM, no entry in the list: a self-relative security descriptor in base64.
NOBODY = "AQAEgBQAAAAgAAAAAAAAAAAAAAABAQAAAAAABRIAAAABAQAAAAAABRIAAAA="
DIRECTORIES = ["Files", "Files/Windows", "Files/Windows/System32", "Files/Users", "Hives"]
BOOT = "UtilityVM/Files/EFI/Microsoft/Boot"
HIVES = ["DefaultUser_Base", "Sam_Base", "Security_Base", "Software_Base", "System_Base"]


def member(name, attributes):
    info = tarfile.TarInfo(name)
    info.pax_headers = {"MSWINDOWS.fileattr": str(attributes)}
    if name.startswith(("Files", "UtilityVM/Files")):
        info.pax_headers["MSWINDOWS.rawsd"] = NOBODY
    info.mtime = 1700000000
    return info


def add_directory(out, name):
    info = member(name, DIRECTORY)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    out.addfile(info)


def add_file(out, name, data):
    info = member(name, ARCHIVE)
    info.size, info.mode = len(data), 0o644
    out.addfile(info, io.BytesIO(data))


def parents(name):
    parts = name.split("/")[:-1]
    return ["/".join(parts[:i]) for i in range(1, len(parts) + 1)]


def main(path, files):
    known = list(DIRECTORIES)
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as out:
        for name in DIRECTORIES:
            add_directory(out, name)
        for name in HIVES:
            add_file(out, "Hives/" + name, b"regf made up\n")
        for directory in parents(BOOT + "/x"):
            add_directory(out, directory)
        for name in ("BCD", "bootmgfw.efi"):
            add_file(out, BOOT + "/" + name, b"made up\n")
        for entry in files:
            name, _, text = entry.partition("=")
            name = "Files/" + name
            for directory in parents(name):
                if directory not in known:
                    known.append(directory)
                    add_directory(out, directory)
            add_file(out, name, text.encode() + b"\n")


main(sys.argv[1], sys.argv[2:])
