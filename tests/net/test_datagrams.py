from inspector.net.flows import FlowTable
from net.frames import ethernet, ipv4, table, udp
from net.test_flows import check_origins, flows, kinds


def test_udp_datagrams_and_fragments() -> None:
    whole = udp(b"0123456789abcdefghijklmnop")
    parts = [(0, whole[:16], 1), (16, whole[16:32], 1), (32, whole[32:], 0)]
    frames = [ethernet(ipv4(data, 17, ident=9, place=more << 13 | at // 8)) for at, data, more in parts]
    single = ethernet(ipv4(udp(b"single"), 17))
    found = flows(single, frames[2], frames[0], single, frames[1])
    buffer = found.flow(1).buffers[0]
    assert buffer.data == b"single" + b"0123456789abcdefghijklmnop" + b"single"
    assert found.datagrams(1, 0) == [0, 6, 32]
    check_origins(found, buffer)
    found = flows(single, frames[2], frames[0])
    assert found.flow(1).buffers[0].holes == [(14, 30)]
    assert ("hole", 0, 3) in kinds(found)


def test_udp_snapped_and_empty_datagrams() -> None:
    frame = ethernet(ipv4(udp(b"abcdef"), 17))
    found = FlowTable(table([frame[:-2], ethernet(ipv4(udp(), 17)), frame], lengths=[len(frame), 42, len(frame)]))
    buffer = found.flow(1).buffers[0]
    assert (buffer.data, buffer.holes) == (b"abcd\0\0abcdef", [(4, 6)])
    assert found.datagrams(1, 0) == [0, 6, 6]
    assert kinds(found) == [("hole", 0, 1)]
