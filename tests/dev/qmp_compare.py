#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
qmp_compare.py QEMU OURS: sends the same bytes to two QMP servers, QEMU's and dormouse's.

Errors must be the same, word for word. What our commands return, and our events, must be valid by what QEMU's own
query-qmp-schema says: members that QEMU always sends are there, all have QEMU's types, and what QEMU does not know is
called x-dormouse-*. So must be what our own schema promises. Exit status 1 after a line for each difference.
"""
import json
import socket
import sys

WRONG = [  # before negotiation, and after it
    [
        '{"execute":"stop"}',
        '{"execute":"stop","id":{"a":[null,1]}}',
        '{"exec-oob":"query-status"}',
        '{"execute":"qmp_capabilities","foo":1}',
        '{"execute":"qmp_capabilities","arguments":null}',
        '{"execute":"qmp_capabilities","arguments":{"enable":3}}',
        '{"execute":"qmp_capabilities","arguments":{"x":1}}',
    ],
    [
        '{"execute":"qmp_capabilities"}',
        'hello\n',
        '}\n',
        '3\n',
        'null\n',
        '"x"\n',
        "'x'\n",
        '[]',
        '[1,2]',
        '[1 2]',
        '{]',
        '{}',
        '{"id":7}',
        '{"execute":1}',
        '{"execute":null,"id":false}',
        '{"foo":1}',
        '{"exec-oob":"query-status"}',
        '{"execute":"query-status","control":{}}',
        '{"execute":"query-status","arguments":[]}',
        '{"execute":"query-status","arguments":"x","id":[]}',
        '{"execute":"query-status","arguments":{"x":1}}',
        '{"execute":"query-status",}',
        '{"execute" "query-status"}',
        '{"execute":"query-status" "id":1}',
        '{"execute":"query-status","id":tru}',
        '{"execute":"query-status","execute":"cont"}',
        '{"execute":"query-status","id":1,"id":2}',
        "{'execute':'query-status','id':'\\q'}",
        '{"execute":"balloon"}',
        '{"execute":"balloon","arguments":{"x":1}}',
        '{"execute":"balloon","arguments":{"value":"1"}}',
        '{"execute":"balloon","arguments":{"value":1.5}}',
        '{"execute":"balloon","arguments":{"value":null}}',
        '{"execute":"balloon","arguments":{"value":1,"x":1}}',
        '{"execute":"balloon","arguments":{"value":1048576}}',
        '{"execute":"query-balloon","id":"no balloon"}',
        '{"execute":"query-named-block-nodes","arguments":{"flat":1}}',
        '{"execute":"no-such-command"}',
        '{"execute":"","id":null}',
        '{"execute":"query-named-block-nodes","arguments":{"Flat":true}}',
    ],
]

IDS = ['null', 'true', '-1', '1.5', '9223372036854775807', '""', '"a\'b\\u20ac\u00e9"', '{"id":{"id":null}}',
       '[[],{},"}{"]']

QUERIES = [
    'query-version', 'query-name', 'query-status', 'query-cpus-fast', 'query-current-machine', 'query-kvm',
    'query-target', 'query-machines', 'query-uuid', 'query-memory-size-summary', 'query-block',
    'query-named-block-nodes', 'query-chardev', 'query-commands', 'query-qmp-schema', 'stop', 'cont', 'system_reset',
    'system_powerdown',
]

problems = 0


def complain(text):
    global problems
    problems += 1
    print('qmp_compare:', text)


class Server:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.input = b''
        self.events = []
        self.greeting = self.line()

    def line(self):
        while b'\n' not in self.input:
            more = self.socket.recv(1 << 16)
            if not more:
                return None
            self.input += more
        line, self.input = self.input.split(b'\n', 1)
        if not line.endswith(b'\r') or max(line) >= 0x80:
            complain('a line does not end with CR LF, or is not ASCII: %r' % line[:100])
        return json.loads(line)

    def ask(self, text):
        self.socket.sendall(text.encode())
        while True:
            line = self.line()
            if line is None or 'event' not in line:
                return line
            self.events.append(line)

    def call(self, command):
        return self.ask(json.dumps({'execute': command})).get('return')


class Schema:
    """What query-qmp-schema of QEMU says."""
    KINDS = {'string': str, 'boolean': bool, 'int': int, 'number': (int, float), 'null': type(None), 'object': dict,
             'array': list}

    def __init__(self, entries):
        self.types = {entry['name']: entry for entry in entries}

    def check(self, value, name, where):
        entry = self.types[name]
        meta = entry['meta-type']
        if meta == 'builtin':
            kind = self.KINDS.get(entry['json-type'])
            if kind and (not isinstance(value, kind) or (isinstance(value, bool) and kind is int)):
                complain('%s is no %s' % (where, entry['json-type']))
        elif meta == 'enum':
            if value not in [member['name'] for member in entry['members']]:
                complain('%s: %s is not in the enum' % (where, value))
        elif meta == 'array':
            if not isinstance(value, list):
                complain('%s is no array' % where)
                return
            for number, element in enumerate(value):
                self.check(element, entry['element-type'], '%s[%d]' % (where, number))
        elif meta == 'object':
            self.check_object(value, entry, where)
        elif meta == 'alternate':
            pass  # Nothing that dormouse sends has one.

    def check_object(self, value, entry, where):
        members = {member['name']: member for member in entry['members']}
        for variant in entry.get('variants', []):
            if variant['case'] == value.get(entry['tag']):
                members.update({member['name']: member for member in self.types[variant['type']]['members']})
        for name, member in members.items():
            if name in value:
                self.check(value[name], member['type'], '%s.%s' % (where, name))
            elif 'default' not in member:
                complain('%s lacks %s' % (where, name))
        for name in value:
            if name not in members and not name.startswith('x-dormouse-'):
                complain('%s has %s, which QEMU does not know' % (where, name))


class Promise:
    """Our schema, which must promise nothing that QEMU's forbids."""
    def __init__(self, ours, qemu):
        self.ours, self.qemu, self.seen = ours.types, qemu.types, set()

    def compare(self, our_name, name, where):
        if (our_name, name) in self.seen:
            return
        self.seen.add((our_name, name))
        ours, qemu = self.ours[our_name], self.qemu[name]
        if ours['meta-type'] != qemu['meta-type'] or ours.get('json-type') != qemu.get('json-type'):
            complain('%s is of another kind' % where)
        elif ours['meta-type'] == 'enum':
            known = [member['name'] for member in qemu['members']]
            for member in ours['members']:
                if member['name'] not in known:
                    complain('%s has the value %s' % (where, member['name']))
        elif ours['meta-type'] == 'array':
            self.compare(ours['element-type'], qemu['element-type'], where + '[]')
        elif ours['meta-type'] == 'object':
            self.compare_members(ours, qemu, where)

    def compare_members(self, ours, qemu, where):
        given = {member['name']: member for member in ours['members']}
        members = {member['name']: member for member in qemu['members']}
        for name, member in members.items():
            if 'default' not in member and (name not in given or 'default' in given[name]):
                complain('%s does not promise %s' % (where, name))
        for name, member in given.items():
            if name in members:
                self.compare(member['type'], members[name]['type'], '%s.%s' % (where, name))
            elif not name.startswith('x-dormouse-'):
                complain('%s promises %s, which QEMU does not know' % (where, name))

    def compare_all(self):
        for name, entry in self.ours.items():
            if name == 'query-qmp-schema':
                continue  # QEMU's type is a union, ours has the members of all its branches.
            if entry['meta-type'] in ('command', 'event') and name in self.qemu:
                self.compare(entry['arg-type'], self.qemu[name]['arg-type'], name)
                if entry['meta-type'] == 'command':
                    self.compare(entry['ret-type'], self.qemu[name]['ret-type'], name)


def compare_errors(qemu, ours, texts):
    for text in texts:
        theirs, answer = qemu.ask(text), ours.ask(text)
        if answer != theirs or 'error' not in answer:
            complain('%r: %s, and not %s' % (text, answer, theirs))


def compare_greeting(qemu, ours):
    def shape(value):
        return {name: shape(member) for name, member in value.items()} if isinstance(value, dict) else type(value)

    if shape(qemu.greeting) != shape(ours.greeting):
        complain('the greeting is %s, and not %s' % (ours.greeting, qemu.greeting))


def check_events(schema, ours):
    for event in ours.events:
        entry = schema.types.get(event['event'])
        if entry is not None:
            schema.check(event.get('data', {}), entry['arg-type'], event['event'])
        elif not event['event'].startswith('X_DORMOUSE_'):
            complain('%s is no event of QEMU' % event['event'])
        if sorted(event['timestamp']) != ['microseconds', 'seconds']:
            complain('%s has no timestamp' % event['event'])


def main():
    qemu, ours = Server(sys.argv[1]), Server(sys.argv[2])
    compare_greeting(qemu, ours)
    compare_errors(qemu, ours, WRONG[0])
    for server in qemu, ours:
        if server.ask('{"execute":"qmp_capabilities","id":null}') != {'return': {}, 'id': None}:
            complain('no negotiation')
    schema = Schema(qemu.call('query-qmp-schema'))
    compare_errors(qemu, ours, WRONG[1])
    for text in IDS:
        command = '{"id":%s,"execute":"query-kvm"}' % text
        if qemu.ask(command)['id'] != ours.ask(command)['id']:
            complain('the id %s is not returned' % text)
    for command in QUERIES:
        schema.check(ours.call(command), schema.types[command]['ret-type'], command)
    Promise(Schema(ours.call('query-qmp-schema')), schema).compare_all()
    for command in ours.call('query-commands'):
        name = command['name']
        if name not in schema.types and not name.startswith('x-dormouse-'):
            complain('QEMU has no %s' % name)
    theirs, answer = qemu.ask('{"execute":"quit","id":9}'), ours.ask('{"execute":"quit","id":9}')
    if answer != theirs:
        complain('quit: %s, and not %s' % (answer, theirs))
    if [server.events[-1]['event'] for server in (qemu, ours)] != ['SHUTDOWN'] * 2 or ours.line() is not None:
        complain('quit ends in another way')
    check_events(schema, ours)
    return 1 if problems else 0


sys.exit(main())
