# Dockerfile - the one image of Purse: handlers, consumers, front, gateway and tools.
# docker-compose.yml selects what a container runs. Debian 12, like every other way to run it.

FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
		build-essential pkg-config libpq-dev libfcgi-dev libjansson-dev libjwt-dev libsodium-dev librabbitmq-dev libcurl4-openssl-dev \
		libutf8proc-dev \
	&& rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile ./
COPY common common
COPY domain domain
COPY handlers handlers
COPY consumers consumers
COPY tools tools
RUN make -j"$(nproc)" all \
	&& mkdir /programs && cd build && cp $(sed -n 's/^[a-z]* //p' ../tools/programs) /programs/

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
		libpq5 libfcgi0ldbl libjansson4 libjwt0 libsodium23 librabbitmq4 libcurl4 libutf8proc2 \
		haproxy lighttpd lighttpd-modules-lua postgresql-client-15 curl libfcgi-bin ca-certificates \
	&& rm -rf /var/lib/apt/lists/* \
	&& useradd --system --home-dir /var/lib/purse --create-home purse \
	&& mkdir -p /var/lib/purse/keys /var/lib/purse/statements && chown -R purse: /var/lib/purse
WORKDIR /opt/purse
COPY --from=build /programs/ bin/
COPY lighttpd.conf ./
COPY common/base/error.def common/base/error.def
COPY deploy deploy
COPY web web
COPY sql sql
COPY tools/migrate tools/migrate
COPY tools/lib/common.sh tools/lib/amqp.sh tools/lib/
ENV PATH=/opt/purse/bin:$PATH PURSE_ROOT=/opt/purse DATA_DIR=/var/lib/purse
USER purse
