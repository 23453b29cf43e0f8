# The shell tests of the applications, of which each is given a build folder: source it. check and coverage run them.
# shellcheck shell=bash disable=SC2034
beside_scripts=(tests/cli.sh tests/model.sh tests/output.sh tests/gen.sh tests/stats.sh tests/live.sh tests/system.sh
	tests/bridge.sh tests/tap.sh)
