# SPDX-License-Identifier: Apache-2.0
"""What is in the model's directory DIR, for tests/crash.

crash_look.py DIR              prints what runs: `service-slot.generation`, a line each
crash_look.py DIR WANT STAYS   fails unless the world and the store's rows have an instance of each
                               slot in WANT and no other, those in STAYS among them, the store is
                               sound, and no intent is open"""
import json
import os
import sqlite3
import sys


def short(runtime_id):
    """crash.kept-rep-0.1 -> kept-0.1"""
    return runtime_id.split('.', 1)[1].replace('-rep-', '-')


def read_world(directory):
    """A line for each change; the last one about an instance counts, and null takes it away."""
    path = os.path.join(directory, 'world.json')
    world = {}
    if not os.path.exists(path):
        return world
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            if line.endswith('\n'):  # one without an end is one that a crash cut
                change = json.loads(line)
                world[change['id']] = change['doc']
    return {short(i): doc['state'] for i, doc in world.items() if doc is not None}


def look(directory, want, stays):
    """What is wrong."""
    world = read_world(directory)
    db = sqlite3.connect('file:%s?mode=ro' % os.path.join(directory, 'tallyman.db'), uri=True)
    rows = sorted(short(r[0]) for r in db.execute('SELECT runtime_id FROM instance'))
    slots = sorted(i.split('.')[0] for i in world)
    if slots != want or set(world.values()) - {'running'}:
        yield 'the world has %s, and shall have %s' % (world, want)
    if rows != sorted(world):
        yield 'the store has %s, and the world %s' % (rows, sorted(world))
    if set(stays) - set(world):
        yield '%s shall stay, and there is %s' % (stays, sorted(world))
    for intent in db.execute('SELECT step, service, number FROM intent'):
        yield 'an intent is open: %s %s-%d' % intent
    for (answer,) in db.execute('PRAGMA integrity_check'):
        if answer != 'ok':
            yield answer


def main():
    if len(sys.argv) == 2:
        print('\n'.join(i for i, state in read_world(sys.argv[1]).items() if state == 'running'))
        return 0
    wrong = list(look(sys.argv[1], sorted(sys.argv[2].split()), sys.argv[3].split()))
    print('; '.join(wrong))
    return 1 if wrong else 0


sys.exit(main())
