# shellcheck shell=bash
# amqp.sh - asks a broker whether it works. Sourced by rabbitmq.sh, and by the checks of containers.

# amqp_serves HOST PORT USER PASSWORD - signs in, opens the virtual host / and disconnects cleanly,
# all within 5 s. A greeting is not enough: after a full disk the server may listen and greet
# forever but let no one in. The password goes through a pipe: all users can read arguments.
amqp_serves() {
	# perl-base is part of every Debian.
	printf '%s' "$4" | perl -MIO::Socket::INET -e '
		my ($host, $port, $user) = @ARGV;
		my $password = <STDIN>;
		alarm 5;
		my $s = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 3)
			or exit 1;
		sub bytes {
			my ($n, $b) = (shift, "");
			while (length $b < $n) {
				sysread $s, $b, $n - length $b, length $b or exit 1
			}
			$b
		}
		# A frame: type, channel, length, payload, 0xCE. A method starts with its class and
		# number.
		sub expect {
			my ($type, undef, $n) = unpack "CnN", bytes(7);
			my $method = unpack "N", bytes($n + 1);
			$method == shift or exit 1
		}
		sub method {
			my $text = pack("N", shift) . shift;
			syswrite $s, pack("CnN", 1, 0, length $text) . $text . "\xCE"
		}
		sub short { pack "C/a", shift }
		syswrite $s, "AMQP\0\0\x09\x01";
		expect 0x000A000A;                                                 # start
		my $login = short("PLAIN") . pack("N/a", "\0$user\0$password");
		method 0x000A000B, pack("N", 0) . $login . short("en_US");
		expect 0x000A001E;                                                 # tune
		method 0x000A001F, pack("nNn", 1, 131072, 0);
		method 0x000A0028, short("/") . short("") . "\0";                  # open
		expect 0x000A0029;
		method 0x000A0032, pack("n", 200) . short("") . pack("nn", 0, 0);  # close
		expect 0x000A0033' "${@:1:3}" 2>/dev/null
}
