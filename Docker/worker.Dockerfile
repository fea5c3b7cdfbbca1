# A CPU worker on Debian's libtorch. Build from the repository's root:
#   docker build -f Docker/worker.Dockerfile -t medsweep-worker .
FROM swift:6.3-bookworm AS build
WORKDIR /medsweep
COPY Docker/install.sh Docker/
RUN sh Docker/install.sh build
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product medsweep-worker --static-swift-stdlib

FROM debian:bookworm-slim
COPY Docker/install.sh /tmp/install.sh
RUN sh /tmp/install.sh run-worker && rm -rf /var/lib/apt/lists/* /tmp/install.sh \
    && useradd --create-home medsweep && install -d -o medsweep /spool /cache
COPY --from=build /medsweep/.build/release/medsweep-worker /usr/local/bin/
USER medsweep
VOLUME ["/data", "/spool", "/cache"]
ENTRYPOINT ["medsweep-worker", "--data", "/data", "--spool", "/spool", "--cache", "/cache"]
