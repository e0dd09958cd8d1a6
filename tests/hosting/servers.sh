# shellcheck shell=bash
# servers.sh - web servers as a shared host has them: what `make package-cgi` made is unpacked and
# served by lighttpd's mod_cgi, Apache's mod_cgi and Apache's mod_fcgid. Sourced by
# tests/lib/hosting.sh.

results=${results:?}
HOSTING_KINDS=(lighttpd-cgi apache-cgi apache-fcgid)

# hosting_unpack - the web space, in $WEB, with the options of the test's own servers.
hosting_unpack() {
	WEB=$DATA_DIR/web
	rm -rf "$WEB" && mkdir -p "$WEB"
	tools/package-cgi >"$results/package.log"
	tar -C "$WEB" -xzf "$BUILD/purse-cgi.tar.gz"
	# The gateway's consumers write the statement files, so the web space reads them where they
	# are; it also needs the keys that the tokens of `purse` and of the gateway are signed with.
	grep -vE '^(DATA_DIR|PORT|BIND)=' "$DATA_DIR/purse.env" >"$WEB/purse/purse.env"
	chmod 600 "$WEB/purse/purse.env"
}

lighttpd_cgi_configuration() {
	cat <<-END
		server.modules = ( "mod_rewrite", "mod_access", "mod_cgi" )
		server.document-root = "$WEB"
		server.bind = "127.0.0.1"
		server.port = $1
		server.errorlog = "$results/lighttpd-cgi.log"
		server.feature-flags = ( "server.h2proto" => "disable" )
		url.rewrite-once = (
			"^(/v1/auth(/.*)?|/health/auth|/\.well-known/jwks\.json)(\?.*)?\$" => "/cgi-bin/auth\$1\$3",
			"^(/v1/(wallets|transactions)(/[^?]*)?|/health/wallet)(\?.*)?\$" => "/cgi-bin/wallet\$1\$4",
			"^(/v1/statements(/[^?]*)?|/health/statement)(\?.*)?\$" => "/cgi-bin/statement\$1\$3"
		)
		\$HTTP["url"] =~ "^/purse/" { url.access-deny = ( "" ) }
		\$HTTP["url"] =~ "^/cgi-bin/" { cgi.assign = ( "" => "" ) }
	END
}

# Apache as a host configures it for all customers: everything specific to Purse is in .htaccess.
apache_configuration() {
	local modules=/usr/lib/apache2/modules module
	for module in mpm_prefork authz_core authz_host env mime alias dir rewrite setenvif "$2"; do
		echo "LoadModule ${module}_module $modules/mod_$module.so"
	done
	cat <<-END
		ServerName localhost
		ServerRoot $DATA_DIR/apache
		PidFile $DATA_DIR/apache/pid
		Mutex file:$DATA_DIR/apache default
		Listen 127.0.0.1:$1
		ErrorLog $results/apache-$2.log
		MaxRequestWorkers 80
		ServerLimit 80
		StartServers 4
		TypesConfig /etc/mime.types
		DocumentRoot $WEB
		<Directory $WEB>
			AllowOverride All
			Require all granted
		</Directory>
	END
	if [ "$2" = fcgid ]; then
		cat <<-END
			FcgidIPCDir $DATA_DIR/apache/sockets
			FcgidProcessTableFile $DATA_DIR/apache/processes
			FcgidMaxProcessesPerClass 6
			FcgidMaxRequestLen 1048576
		END
		# The one line to change if the programs run as FastCGI.
		sed -i 's/SetHandler cgi-script/SetHandler fcgid-script/' "$WEB/.htaccess"
	fi
}

# hosting_start KIND - starts that server; sets BASE_URL and HOSTING_PID.
hosting_start() {
	local port
	port=$(free_port)
	export BASE_URL=http://127.0.0.1:$port
	case $1 in
	lighttpd-cgi)
		lighttpd_cgi_configuration "$port" >"$DATA_DIR/lighttpd-cgi.conf"
		lighttpd -D -f "$DATA_DIR/lighttpd-cgi.conf" >"$results/lighttpd-cgi.out" 2>&1 &
		;;
	apache-*)
		mkdir -p "$DATA_DIR/apache/sockets"
		apache_configuration "$port" "${1#apache-}" >"$DATA_DIR/apache.conf"
		# On exit Apache kills its whole process group, so it needs its own.
		setsid /usr/sbin/apache2 -DFOREGROUND -f "$DATA_DIR/apache.conf" >"$results/$1.out" 2>&1 &
		;;
	esac
	HOSTING_PID=$!
	eventually 20 curl -fsS -o /dev/null "$BASE_URL/health/wallet" 2>/dev/null
}

hosting_stop() {
	kill "$HOSTING_PID" 2>/dev/null || true
	wait "$HOSTING_PID" 2>/dev/null || true
}
