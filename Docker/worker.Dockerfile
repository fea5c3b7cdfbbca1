# A CPU worker with the engine that Docker/install.sh chooses. Build from the repository's root:
#   docker build -f Docker/worker.Dockerfile -t medsweep-worker .
FROM swift:6.3-bookworm AS build
ARG MEDSWEEP_ENGINE=
WORKDIR /medsweep
COPY Docker/install.sh Docker/
RUN sh Docker/install.sh build
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
# The engine's libraries that the worker needs go along; headers and the rest of it stay behind.
RUN LIBTORCH="$(sh Docker/install.sh engine)" swift build -c release --product medsweep-worker --static-swift-stdlib \
    && sh Docker/install.sh bundle .build/release/medsweep-worker bundle

FROM debian:bookworm-slim
# Beside the program, where its RPATH leads; empty where the engine is Debian's.
COPY --from=build /medsweep/bundle /usr/local/lib/medsweep
COPY Docker/install.sh /tmp/install.sh
RUN sh /tmp/install.sh run-worker && rm -rf /var/lib/apt/lists/* /tmp/install.sh \
    && useradd --create-home medsweep && install -d -o medsweep /spool /cache
COPY --from=build /medsweep/.build/release/medsweep-worker /usr/local/bin/
USER medsweep
VOLUME ["/data", "/spool", "/cache"]
ENTRYPOINT ["medsweep-worker", "--data", "/data", "--spool", "/spool", "--cache", "/cache"]
