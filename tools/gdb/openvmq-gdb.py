# SPDX-License-Identifier: BSD-2-Clause
"""gdb commands that show NDIS's objects in a stopped vmqd, or in its core.

    (gdb) source tools/gdb/openvmq-gdb.py

vmq-nbl ADDRESS      a chain of NET_BUFFER_LISTs, with buffers and MDLs
vmq-adapter [ADDRESS]  adapters: their state, and what stands in their stacks
vmq-oids             the OID requests that are under way or wait
"""
import os
import re
import sys

import gdb

# gdb's 'source' sets no __file__.
HERE = os.path.dirname(os.path.realpath(sys._getframe().f_code.co_filename))
# Slots of NetBufferListInfo; compilers leave out an enum that is only used for its values.
IEEE_8021Q_INFO = 4
FILTERING_INFO = 14
LONGEST = 4096   # links of one chain; more is a ring or garbage


def pointer(value):
    return int(value.cast(gdb.lookup_type('unsigned long')))


def to(address, type_name):
    return gdb.Value(address).cast(gdb.lookup_type(type_name).pointer())


def text(array):
    """A C array of characters, up to its zero."""
    return array.string(errors='replace') if array[0] else ''


def chain(first, next_of):
    """The members of a linked list, each once."""
    seen = set()
    while pointer(first):
        at = pointer(first)
        if at in seen or len(seen) == LONGEST:
            print('    (the chain comes back to 0x%x)' % at if at in seen else '    (and so on)')
            return
        seen.add(at)
        yield first
        first = next_of(first)


def enum_name(type_name, value, prefix):
    for field in gdb.lookup_type('enum ' + type_name).fields():
        if field.enumval == int(value):
            return field.name.replace(prefix, '', 1)
    return 'state %d' % int(value)


def oid_names():
    """What the public header calls each OID."""
    header = os.path.join(HERE, '../../include/ndis/ndis/oids.h')
    names = {}
    try:
        with open(header) as f:
            for m in re.finditer(r'^#define (OID_\w+)\s+(0x[0-9A-Fa-f]+)', f.read(), re.M):
                names.setdefault(int(m.group(2), 16), m.group(1))
    except OSError:
        pass   # the numbers are shown then
    return names


def argument(argument_text, command, wanted):
    """The address that the user gave, or None."""
    words = gdb.string_to_argv(argument_text)
    if len(words) > 1 or (wanted and not words):
        raise gdb.GdbError('%s wants %s address' % (command, 'an' if wanted else 'at most one'))
    return pointer(gdb.parse_and_eval(words[0])) if words else None


class Nbl(gdb.Command):
    """vmq-nbl ADDRESS: shows the chain of NET_BUFFER_LISTs that begins at ADDRESS."""

    def __init__(self):
        super().__init__('vmq-nbl', gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, arg, from_tty):
        first = to(argument(arg, 'vmq-nbl', True), 'NET_BUFFER_LIST')
        count = size = 0
        for nbl in chain(first, lambda n: n['Next']):
            count += 1
            size += self.show(nbl)
        print('%d list%s, %d bytes' % (count, '' if count == 1 else 's', size))

    def show(self, nbl):
        info = nbl['NetBufferListInfo']
        filtering = pointer(info[FILTERING_INFO])
        tag = pointer(info[IEEE_8021Q_INFO])
        print('NBL 0x%x: queue %d, filter %d, VLAN %d priority %d, status 0x%08x, flags 0x%x, source 0x%x'
              % (pointer(nbl), filtering >> 16 & 0xffff, filtering & 0xffff, tag >> 4 & 0xfff,
                 tag & 7, int(nbl['Status']) & 0xffffffff, int(nbl['Flags']),
                 pointer(nbl['SourceHandle'])))
        return sum(self.show_buffer(nb) for nb in chain(nbl['FirstNetBuffer'], lambda n: n['Next']))

    def show_buffer(self, nb):
        length = int(nb['DataLength'])
        print('  NB 0x%x: %d bytes from offset %d' % (pointer(nb), length, int(nb['DataOffset'])))
        room = 0
        for mdl in chain(nb['MdlChain'], lambda m: m['Next']):
            here = pointer(mdl) == pointer(nb['CurrentMdl'])
            room += int(mdl['ByteCount'])
            print('    MDL 0x%x: %d bytes at 0x%x%s'
                  % (pointer(mdl), int(mdl['ByteCount']),
                     pointer(mdl['StartVa']) + int(mdl['ByteOffset']),
                     ', current, offset %d' % int(nb['CurrentMdlOffset']) if here else ''))
        if room < int(nb['DataOffset']) + length:
            print('    (the MDLs end %d bytes before the data does)'
                  % (int(nb['DataOffset']) + length - room))
        return length


def adapters():
    slots = gdb.lookup_static_symbol('adapters')
    if slots is None:
        raise gdb.GdbError('this program has no NDIS, or no debugging information')
    slots = slots.value()
    for i in range(slots.type.range()[1] + 1):
        if pointer(slots[i]):
            yield slots[i]


def layers(adapter):
    """Everything of a stack, from the miniport up: what it is, and its layer."""
    yield 'adapter', adapter['layer']
    for i in range(int(adapter['n_modules'])):
        yield 'filter', adapter['modules'][i]['layer']
    for i in range(int(adapter['n_bindings'])):
        yield 'binding', adapter['bindings'][i]['layer']


class Adapter(gdb.Command):
    """vmq-adapter [ADDRESS]: shows one adapter, or all: states, stack, queues."""

    def __init__(self):
        super().__init__('vmq-adapter', gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, arg, from_tty):
        at = argument(arg, 'vmq-adapter', False)
        shown = [to(at, 'struct ndis_adapter')] if at is not None else list(adapters())
        for adapter in shown:
            self.show(adapter)
        if not shown:
            print('no adapters')

    def show(self, adapter):
        print('adapter 0x%x' % pointer(adapter))
        for kind, layer in layers(adapter):
            print('  %-8s %-20s %-10s context 0x%x' % (
                kind, text(layer['object']['name']),
                enum_name('ndis_layer_state', layer['state'], 'NDIS_'), pointer(layer['context'])))
        if pointer(adapter['filters']):
            self.show_queues(adapter['filters'])

    def show_queues(self, filters):
        for i in range(1, int(filters['max_queues']) + 1):
            queue = filters['queues'][i]
            if pointer(queue):
                print('  queue    %-20d %-10s %d filters' % (
                    int(queue['id']), enum_name('vmq_queue_state', queue['state'], 'VMQ_QUEUE_'),
                    int(queue['n_filters'])))


class Oids(gdb.Command):
    """vmq-oids: shows the OID requests that are under way, and those that wait."""

    TYPES = {0: 'query', 1: 'set', 2: 'query statistics', 12: 'method'}

    def __init__(self):
        super().__init__('vmq-oids', gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        self.names = oid_names()
        found = 0
        for adapter in adapters():
            found += self.show_line('%s, from above the stack' % text(adapter['layer']['object']['name']),
                                    adapter['requests'])
            for kind, layer in layers(adapter):
                if kind != 'binding':
                    found += self.show_line('%s %s' % (kind, text(layer['object']['name'])), layer['oids'])
        if not found:
            print('no requests')

    def show_line(self, name, line):
        found = 0
        if pointer(line['current']):
            found += self.show_request(name, 'under way', line['current'])
        for request in chain(line['first'], self.next_of):
            found += self.show_request(name, 'waits', request)
        return found

    def next_of(self, request):
        private = request['NdisReserved'].address.cast(gdb.lookup_type('struct ndis_oid_private').pointer())
        return private['next']

    def show_request(self, name, how, request):
        kind = int(request['RequestType'])
        oid = int(request['DATA']['QUERY_INFORMATION']['Oid'])
        print('%s: %s: request 0x%x, %s of %s' % (
            name, how, pointer(request), self.TYPES.get(kind, 'type %d' % kind),
            self.names.get(oid, '0x%08x' % oid)))
        return 1


Nbl()
Adapter()
Oids()
