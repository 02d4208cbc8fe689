#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Traffic classes as the configuration sets them: the host plays the DCB component.

load helpers

setup() { office_setup; }
teardown() { office_teardown; }

QOS='qos: {classes: [{share: 30, priorities: [0, 1, 2]}, {share: 70, priorities: [3, 4]}, {strict: true, priorities: [5, 6, 7]}], pfc: [3]}'

@test "what is sent is counted by class, and both ledgers balance" {
	office_config -e "s/^adapter:/adapter:\n  $QOS/"
	play host.yaml
	is "$status" 0
	is "$(count wire balances)" true
	is "$(count ports balances)" true
	is "$(jq -c '[.classes[].sent]' result.json)" "[1887,0,0]"
	is "$(jq -c '.classes[1].priorities' result.json)" "[3,4]"
	try "$vmq" run --quiet host.yaml
	[[ $output == *"class 1, 70 %, priorities 3 (PFC) 4"* ]]
}

@test "without DCB each priority is a class, without tags there is none" {
	office_config -e 's/^adapter:/adapter:\n  keywords: { "*QOS": 0 }/'
	play host.yaml
	is "$(jq '.classes | length' result.json)" 8
	office_config -e 's/^adapter:/adapter:\n  keywords: { "*QOS": 0, "*PriorityVLANTag": 2 }/'
	play host.yaml
	is "$(jq 'has("classes")' result.json)" false
}

@test "an adapter without DCB refuses it, and the run says so" {
	office_config -e "s/^adapter:/adapter:\n  keywords: { \"*QOS\": 0 }\n  $QOS/"
	play host.yaml
	is "$status" 1
	[[ $(cat errors.txt) == *"its miniport refuses qos"* ]]
}
