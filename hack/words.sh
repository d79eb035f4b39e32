#!/bin/sh
# Finds words that the glossary replaces, in all files that git does not ignore.
# A line with "words:allow" is passed over, as are recorded reports, whose keys are promised, and
# the recorded answers of prometheus-adapter.
# usage: hack/words.sh
set -u
cd "$(dirname "$0")/.."
list=hack/words.txt found=
while IFS= read -r line; do
	case $line in '' | '#'*) continue ;; esac
	words=${line%% | *}
	instead=${line#* | }
	if git grep --untracked -InwE -e "$words" -- . ":!$list" ':!**/testdata/fuzz' ':!**/testdata/adapter.json' ':!go.sum' ':!*.svg' |
		grep -v -e 'words:allow' -e 'cli/doctor/testdata/report\.'; then
		echo "  write instead: $instead" >&2
		found=yes
	fi
done <$list
[ -z "$found" ]
