# The coordinator: no libtorch inside. Build from the repository's root:
#   docker build -f Docker/coordinator.Dockerfile -t medsweep-coordinator .
FROM swift:6.3-bookworm AS build
WORKDIR /medsweep
COPY Docker/install.sh Docker/
RUN apt-get update && apt-get install -y --no-install-recommends \
    make pkg-config libcurl4-openssl-dev libpng-dev libpq-dev libturbojpeg0-dev libsqlite3-dev zlib1g-dev
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product medsweep --static-swift-stdlib

FROM debian:bookworm-slim
COPY Docker/install.sh /tmp/install.sh
RUN sh /tmp/install.sh run-coordinator && rm -rf /var/lib/apt/lists/* /tmp/install.sh \
    && useradd --create-home medsweep && install -d -o medsweep /state
COPY --from=build /medsweep/.build/release/medsweep /usr/local/bin/
USER medsweep
VOLUME /state
EXPOSE 7733
ENTRYPOINT ["medsweep"]
CMD ["serve", "--host", "0.0.0.0", "--state", "/state", "--token-file", "/run/secrets/medsweep-tokens"]
