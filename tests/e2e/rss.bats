#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A host whose adapter offers RSS and no VM queues: the default queue's frames come on
# several processors, and every VM still gets its own, each flow in order.

load helpers

setup() { office_setup; }
teardown() { office_teardown; }

# The office over RSS, with the given changes.
rss_config() {
	office_config -e 's/^adapter:/adapter:\n  keywords: { "*RssOrVmqPreference": 0 }/' "$@"
}

@test "the default queue's frames come on every processor, and both ledgers balance" {
	rss_config
	play host.yaml
	is "$status" 0
	is "$(count wire balances)" true
	is "$(count ports balances)" true
	is "$(count wire from_nic)" 2492
	is "$(count default_queue indicated)" 2492
	is "$(jq '[.default_queue.rss[].indicated] | add' result.json)" 2492
	is "$(jq '[.default_queue.rss[] | select(.indicated > 0)] | length' result.json)" 4
	is "$(jq '[.default_queue.rss[].sent] | add' result.json)" 1887
	is "$(count vms 0 own_queue)" false
}

@test "each VM gets what it gets with queues, and each flow in order" {
	local vm
	office_config
	play host.yaml
	mv out queues
	rss_config
	play host.yaml
	for vm in web db mail wire; do
		"$e2e/flow_order.py" queues/$vm.pcapng out/$vm.pcapng
	done
}

@test "the table says how many came on which processor" {
	rss_config
	try "$vmq" run --quiet host.yaml
	is "$status" 0
	is "$(grep -c 'of them on processor [0-3], by RSS' <<<"$output")" 4
}

@test "the keywords of RSS choose the processors" {
	rss_config -e 's/Preference": 0 }/Preference": 0, "*RssBaseProcNumber": 1, "*MaxRssProcessors": 2 }/'
	play host.yaml
	is "$status" 0
	is "$(jq -c '[.default_queue.rss[].processor]' result.json)" "[1,2]"
	is "$(jq '[.default_queue.rss[] | select(.indicated > 0)] | length' result.json)" 2
	is "$(count wire balances)" true
}

@test "with one processor nothing is spread" {
	rss_config -e 's/processors: 4/processors: 1/' -e 's/workers: 2/workers: 1/' -e '/^ *processor: /d'
	play host.yaml
	is "$status" 0
	is "$(jq -c '[.default_queue.rss[].indicated]' result.json)" "[2492]"
	is "$(count ports balances)" true
}

@test "without RSS and VM queues everything comes on one processor" {
	rss_config -e 's/Preference": 0 }/Preference": 0, "*RSS": 0 }/'
	play host.yaml
	is "$status" 0
	is "$(jq -c '.default_queue.rss' result.json)" null
	is "$(count wire balances)" true
}
