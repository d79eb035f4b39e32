#!/bin/sh
# Finds words that the glossary replaces, in all files that git does not ignore.
# usage: hack/words.sh
set -u
cd "$(dirname "$0")/.."
list=hack/words.txt found=
while IFS= read -r line; do
	case $line in '' | '#'*) continue ;; esac
	words=${line%% | *}
	instead=${line#* | }
	if git grep --untracked -InwE -e "$words" -- . ":!$list" ':!**/testdata/fuzz' ':!go.sum' ':!*.svg'; then
		echo "  write instead: $instead" >&2
		found=yes
	fi
done <$list
[ -z "$found" ]
