import socket

from localhost.ports import free_port, held_ports


class TestFreePort:
    def test_gives_another_port_when_the_wanted_one_is_taken(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert free_port(port) != port

    def test_gives_the_wanted_port_when_it_is_free(self) -> None:
        port = free_port()
        assert free_port(port) == port


class TestHeldPorts:
    def test_two_launchers_get_different_ports_before_either_listens(self) -> None:
        wanted = {"gateway": free_port()}
        with held_ports(wanted) as first, held_ports(wanted) as second:
            assert first == wanted
            assert second["gateway"] != first["gateway"]

    def test_are_free_again_at_the_end(self) -> None:
        wanted = {"gateway": free_port()}
        with held_ports(wanted):
            pass
        with held_ports(wanted) as again:
            assert again == wanted
