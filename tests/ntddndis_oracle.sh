#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Compares our NDIS headers with an independent set: for every constant, every
# enumerator, every structure size and member offset that mingw-w64 knows under
# the same name, both compilers must give the same number.
# Nothing is read out of the other headers but numbers, by compiling.
# usage: ntddndis_oracle.sh [include directory]
# exit: 0 equal, 1 different or broken, 77 skipped (no mingw-w64 compiler)
set -u

here=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:-$here/include/ndis}
cross=${MINGW_CC:-clang --target=x86_64-w64-mingw32 -isystem /usr/x86_64-w64-mingw32/include -fno-spell-checking -ferror-limit=0}
for tool in ${cross%% *} gcc python3; do
	if ! command -v "$tool" >/dev/null 2>&1; then
		echo "ntddndis_oracle: SKIPPED, nothing was compared: $tool is not installed"
		exit 77
	fi
done
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

python3 - "$dir" "$cross" "$work" <<'EOF'
import os, re, subprocess, sys

include, cross, work = sys.argv[1], sys.argv[2].split(), sys.argv[3]

# clang is told on its command line not to guess at names; gcc cannot be told.
OURS = ['clang', '-fno-spell-checking', '-ferror-limit=0'] if 'clang' in cross[0] else ['gcc']
OUR_HEADERS = ('ndis.h', 'netiodef.h', 'wmistr.h', 'wdmguid.h', 'wdmsec.h', 'windef.h', 'wpp.h')
LIMIT = ['-fno-caret-diagnostics'] if 'clang' in cross[0] else ['-fmax-errors=0', '-fno-diagnostics-show-caret']

# Differences that are known and wanted, each with its reason.
KNOWN = {
	'NTDDI_VERSION': 'the version that each was asked for',
	'NDIS_PROTOCOL_MAJOR_VERSION': 'the version that each was asked for',
	'NDIS_PROTOCOL_MINOR_VERSION': 'the version that each was asked for',
	'PF_TEMPORAL_LEVEL_1': 'numbered by each compiler',
	'sizeof NDIS_RECEIVE_SCALE_PARAMETERS': 'ours has the member of revision 3',
	'sizeof NDIS_SWITCH_NIC_PARAMETERS': 'ours has the member of revision 2',
	'sizeof NDIS_SWITCH_NIC_SAVE_STATE': 'ours has the member of revision 2',
	'sizeof NDIS_SWITCH_PORT_PROPERTY_SECURITY': 'ours has the member of revision 2',
	'sizeof NDIS_SWITCH_PORT_PROPERTY_PROFILE': 'ours has a later member',
	'NdisSwitchPortPropertyTypeMaximum': 'theirs is older',
	'sizeof SCATTER_GATHER_LIST': 'theirs counts one element, as before Windows 7',
	'NdisDevicePnPEventSurpriseRemoved': 'theirs is that of NDIS 5',
	'NdisDevicePnPEventPowerProfileChanged': 'theirs is that of NDIS 5',
	'NdisDevicePnPEventMaximum': 'theirs is that of NDIS 5',
	'NetEventMaximum': 'theirs is older',
	'PROCESSOR_RELATIONSHIP.Reserved': 'theirs is older',
	'KWAIT_BLOCK.WaitType': 'theirs is older',
	'KWAIT_BLOCK.BlockState': 'theirs is older',
	'KWAIT_BLOCK.WaitKey': 'theirs is older',
	'KWAIT_BLOCK.SpareLong': 'theirs is older',
	'KWAIT_BLOCK.Thread': 'theirs is older',
	'KWAIT_BLOCK.Object': 'theirs is older',
}

def headers():
	for root, _, files in os.walk(include):
		for name in sorted(files):
			if name.endswith('.h') and name not in ('ovmq.h', 'sal.h') and not name.startswith('pshpack'):
				yield os.path.join(root, name)

def members(body):
	"""Names of the members directly inside a structure or union."""
	depth, text = 0, ''
	for c in body:
		if c == '{':
			depth += 1
		elif c == '}':
			depth -= 1
		elif depth == 0:
			text += c
	for declaration in text.split(';'):
		m = re.search(r'(\w+)\s*(\[[^\]]*\])?\s*$', declaration)
		if m and ':' not in declaration:
			yield m.group(1)

def probes():
	text = '\n'.join(open(h).read() for h in headers())
	text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
	for name in re.findall(r'^#define\s+(\w+)[ \t]+\S', text, flags=re.M):
		if not name.startswith(('OVMQ', '_')) and not name.endswith(('INLINE', 'EXTERN_C', 'UNREACHABLE')):
			yield name, '(%s)' % name
	for name, body in re.findall(r'typedef enum (\w+) \{(.*?)\}', text, flags=re.S):
		for item in body.split(','):
			item = item.split('=')[0].strip()
			if item:
				yield item, item
	for m in re.finditer(r'(?:typedef )?(?:struct|union)\s+(?:DECLSPEC_\w+(?:\(\d+\))? )?_(\w+) \{', text):
		depth, end = 1, m.end()
		while depth:
			depth += {'{': 1, '}': -1}.get(text[end], 0)
			end += 1
		name = m.group(1)
		yield 'sizeof ' + name, 'sizeof(%s)' % name
		for member in members(text[m.end():end - 1]):
			yield '%s.%s' % (name, member), '__builtin_offsetof(%s, %s)' % (name, member)

def measure(compiler, prologue, list_, tag):
	"""The number of every probe that this compiler can make one of."""
	alive = list(list_)
	source = os.path.join(work, tag + '.c')
	while True:
		with open(source, 'w') as f:
			f.write(prologue)
			first = prologue.count('\n') + 1
			for i, (_, expression) in enumerate(alive):
				f.write('__extension__ const unsigned long long probe_%d = (unsigned long long)(%s);\n'
				        % (i, expression))
		run = subprocess.run(compiler + ['-w', '-S'] + LIMIT + [
		                     '-o', os.path.join(work, tag + '.s'), source], capture_output=True, text=True)
		if run.returncode == 0:
			break
		bad = set(int(n) - first for n in re.findall(r'^%s:(\d+):' % re.escape(source), run.stderr, flags=re.M))
		if not any(0 <= n < len(alive) for n in bad):
			sys.exit('ntddndis_oracle: %s cannot compile its own headers:\n%s' % (compiler[0], run.stderr[:2000]))
		alive = [p for i, p in enumerate(alive) if i not in bad]
	numbers, current = {}, None
	for line in open(os.path.join(work, tag + '.s')):
		m = re.match(r'\s*_?probe_(\d+):', line)
		if m:
			current = int(m.group(1))
			continue
		m = re.match(r'\s*\.quad\s+(-?\d+)\s*(?:#.*)?$', line)
		if m and current is not None:
			numbers[alive[current][0]] = int(m.group(1)) & (2 ** 64 - 1)
			current = None
		m = re.match(r'\s*\.(?:zero|space)\s+8', line)
		if m and current is not None:
			numbers[alive[current][0]] = 0
			current = None
	return numbers

list_ = list(dict.fromkeys(probes()))
ours = measure(OURS + ['-std=gnu11', '-I', include], ''.join('#include <%s>\n' % h for h in OUR_HEADERS), list_, 'ours')
search = subprocess.run(cross + ['-E', '-v', '-x', 'c', '/dev/null'], capture_output=True, text=True).stderr
ddk = [d for d in (os.path.join(l.strip(), 'ddk') for l in search.splitlines() if l.startswith(' '))
       if os.path.exists(os.path.join(d, 'ndis.h'))]
if not ddk:
	print('ntddndis_oracle: SKIPPED, nothing was compared: %s has no ddk/ndis.h' % ' '.join(cross))
	sys.exit(77)
options = ['-std=gnu11', '-I', ddk[0], '-D_WIN32_WINNT=0x0603', '-DNTDDI_VERSION=0x06030000',
           '-DNDIS630_MINIPORT=1', '-DNDIS_SUPPORT_NDIS6=1', '-DNDIS_SUPPORT_NDIS61=1',
           '-DNDIS_SUPPORT_NDIS620=1', '-DNDIS_SUPPORT_NDIS630=1']

def expand(prologue, list_):
	"""Constants of a header whose declarations do not compile: the preprocessor
	says what a name stands for, and only that is compiled."""
	source = os.path.join(work, 'expand.c')
	names = [n for n, e in list_ if e == '(%s)' % n]
	with open(source, 'w') as f:
		f.write(prologue)
		f.writelines('probe_mark %d %s\n' % (i, n) for i, n in enumerate(names))
	text = subprocess.run(cross + ['-E', '-P', '-w'] + options + [source], capture_output=True, text=True).stdout
	found = [(names[int(i)], '(%s)' % e) for i, e in re.findall(r'^probe_mark (\d+) (.+)$', text, flags=re.M)]
	return [(n, e) for n, e in found if e != '(%s)' % n and '{' not in e]

def complain(prologue, list_):
	"""Numbers out of a header that has errors of its own: the compiler is made to
	name them in its warnings."""
	source = os.path.join(work, 'complain.c')
	with open(source, 'w') as f:
		f.write(prologue)
		first = prologue.count('\n') + 1
		f.writelines('char (*probe_%d)[(%s) + 1] = 1;\n' % (i, e) for i, (_, e) in enumerate(list_))
	text = subprocess.run(cross + ['-fsyntax-only', '-Wint-conversion', '-Wno-error=int-conversion'] + LIMIT + options + [source],
	                      capture_output=True, text=True, env=dict(os.environ, LC_ALL='C')).stderr
	found = re.findall(r"^%s:(\d+):\d+: (?:warning|error): .*initiali[sz].* 'char \(\*\)\[(\d+)\]' .*'int'"
	                   % re.escape(source), text, flags=re.M)
	return {list_[int(n) - first][0]: int(size) - 1 for n, size in found}

kernel = '#include <ntddk.h>\n'
theirs = measure(cross + options, kernel + '#include <ntstatus.h>\n', list_, 'kernel')
theirs.update(measure(cross + options, '#include <winsock2.h>\n#include <ws2tcpip.h>\n#include <ntddndis.h>\n#include <wmistr.h>\n#include <evntrace.h>\n',
                      list_, 'ntddndis'))
expanded = measure(cross + options, kernel + 'typedef int NDIS_STATUS;\n',
                   expand(kernel + '#include <ndis.h>\n', list_), 'ndis')
for name in expanded:
	theirs.setdefault(name, expanded[name])
for name, number in complain(kernel + '#include <ndis.h>\n', list_).items():
	theirs.setdefault(name, number)
same = different = 0
for name in ours:
	if name not in theirs:
		continue
	a, b = ours[name], theirs[name]
	if a == b or (a ^ b) & 0xffffffff == 0 and (a >> 32 in (0, 0xffffffff)) and (b >> 32 in (0, 0xffffffff)):
		same += 1
		if name in KNOWN:
			print('ntddndis_oracle: %s is equal now: take it off the list of known differences' % name)
			different += 1
	elif name not in KNOWN:
		print('ntddndis_oracle: %s is %d (0x%x) here and %d (0x%x) there' % (name, a, a, b, b))
		different += 1
print('ntddndis_oracle: %d numbers compared, %d equal, %d known to differ, %d wrong; %d of ours are unknown there'
      % (same + different + len(KNOWN), same, len(KNOWN), different, len(ours) - sum(n in theirs for n in ours)))
sys.exit(1 if different or same < 500 else 0)
EOF
