#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
qmp_client.py SOCKET: speaks to dormouse's QMP server with QEMU's own client, the Python package qemu.qmp.
Prints one line for each thing that the client understood.
"""
import asyncio
import sys

from qemu.qmp import ConnectError, ExecuteError, QMPClient


async def refused(client, command, arguments=None):
    try:
        await client.execute(command, arguments)
    except ExecuteError as error:
        print('%s: %s: %s' % (command, error.error_class, error))


async def talk(path):
    client, other = QMPClient('first'), QMPClient('second')
    await client.connect(path)
    await other.connect(path)
    print('package: %s' % (await client.execute('query-version'))['package'].split()[0])
    print('status: %s' % (await client.execute('query-status'))['status'])
    print('wakes: %s' % (await client.execute('query-current-machine'))['wakeup-suspend-support'])
    print('commands: %s' % any(row['name'] == 'query-machines' for row in await client.execute('query-commands')))
    await refused(client, 'human-monitor-command', {'command-line': 'info status'})
    await refused(client, 'set_link', {'name': 'net0', 'up': False})
    await refused(client, 'balloon', {})
    await refused(client, 'system_wakeup')
    with client.listener(('STOP', 'RESUME')) as heard, other.listener() as all_events:
        replies = await asyncio.gather(*(client.execute(name) for name in ('stop', 'query-status', 'cont')))
        print('at once: %s' % [reply.get('status') for reply in replies])
        print('events: %s %s' % ((await heard.get())['event'], (await heard.get())['event']))
        print('the other client: %s' % (await all_events.get())['event'])
    print('raw: %s' % await client.execute_msg(client.make_execute_msg('query-kvm')))
    await other.disconnect()
    print('quit: %s' % await client.execute('quit'))
    try:
        await client.disconnect()
    except EOFError:
        print('the server ended the connection')
    try:
        await QMPClient().connect(path)
    except ConnectError:
        print('gone')


asyncio.run(asyncio.wait_for(talk(sys.argv[1]), 60))
