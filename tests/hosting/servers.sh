# shellcheck shell=bash
# servers.sh - web servers as on a shared host: they serve the unpacked `make package-cgi` with
# lighttpd's mod_cgi, Apache's mod_cgi and mod_fcgid, and an Apache that ignores .htaccess. Sourced
# by tests/lib/hosting.sh.

results=${results:?}
HOSTING_KINDS=(lighttpd-cgi apache-cgi apache-fcgid)

# hosting_unpack - unpacks the package in $SPACE, with the options of the test's own servers. $WEB
# is the published folder.
hosting_unpack() {
	export SPACE=$DATA_DIR/space WEB=$DATA_DIR/space/public_html
	rm -rf "$SPACE" && mkdir -p "$SPACE"
	# This copy has the programs, but not the object files: nothing is rebuilt.
	make --no-print-directory -o all BUILD="$BUILD" package-cgi >"$results/package.log"
	tar -C "$SPACE" -xzf "$BUILD/purse-cgi.tar.gz"
	# The gateway's consumers write the statement files, so the web space reads them where they
	# are; it also needs the keys that the tokens of `purse` and of the gateway are signed with.
	grep -vE '^(DATA_DIR|PORT|BIND)=' "$DATA_DIR/purse.env" >"$SPACE/purse/purse.env"
	chmod 600 "$SPACE/purse/purse.env"
}

lighttpd_cgi_configuration() {
	cat <<-END
		server.modules = ( "mod_rewrite", "mod_cgi" )
		server.document-root = "$WEB"
		server.bind = "127.0.0.1"
		server.port = $1
		server.errorlog = "$results/lighttpd-cgi.log"
		server.feature-flags = ( "server.h2proto" => "disable" )
		url.rewrite-once = (
			"^(/v1/auth(/.*)?|/health/auth|/\.well-known/jwks\.json)(\?.*)?\$" =>
				"/cgi-bin/auth\$1\$3",
			"^(/v1/(wallets|transactions)(/[^?]*)?|/health/wallet)(\?.*)?\$" =>
				"/cgi-bin/wallet\$1\$4",
			"^(/v1/statements(/[^?]*)?|/health/statement)(\?.*)?\$" =>
				"/cgi-bin/statement\$1\$3"
		)
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
			AllowOverride ${3:-All}
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

# A careless host: it ignores .htaccess, follows links and lists folders. It runs only what its own
# configuration names, and nothing below /plain/.
apache_bare_configuration() {
	apache_configuration "$1" cgi None
	cat <<-END
		LoadModule autoindex_module /usr/lib/apache2/modules/mod_autoindex.so
		ScriptAlias /cgi-bin/ $WEB/cgi-bin/
		Alias /plain/ $WEB/
		<Directory $WEB>
			Options Indexes FollowSymLinks
		</Directory>
	END
}

# hosting_start KIND - starts a server of this kind; sets BASE_URL and HOSTING_PID.
hosting_start() {
	local port health=/health/wallet
	port=$(free_port)
	export BASE_URL=http://127.0.0.1:$port
	case $1 in
	lighttpd-cgi)
		lighttpd_cgi_configuration "$port" >"$DATA_DIR/lighttpd-cgi.conf"
		lighttpd -D -f "$DATA_DIR/lighttpd-cgi.conf" >"$results/lighttpd-cgi.out" 2>&1 &
		;;
	apache-*)
		mkdir -p "$DATA_DIR/apache/sockets"
		if [ "$1" = apache-bare ]; then
			apache_bare_configuration "$port" >"$DATA_DIR/apache.conf"
			health=/cgi-bin/wallet/health/wallet
		else
			apache_configuration "$port" "${1#apache-}" >"$DATA_DIR/apache.conf"
		fi
		# On exit Apache kills its whole process group, so it needs its own.
		setsid /usr/sbin/apache2 -DFOREGROUND -f "$DATA_DIR/apache.conf" \
			>"$results/$1.out" 2>&1 &
		;;
	esac
	HOSTING_PID=$!
	eventually 20 curl -fsS -o /dev/null "$BASE_URL$health" 2>/dev/null
}

hosting_stop() {
	kill "$HOSTING_PID" 2>/dev/null || true
	wait "$HOSTING_PID" 2>/dev/null || true
	HOSTING_PID=
}
