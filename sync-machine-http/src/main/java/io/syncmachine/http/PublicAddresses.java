package io.syncmachine.http;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/** Which addresses are not of a private or special network. */
final class PublicAddresses {

    private static final int BYTE = 0xff;

    private PublicAddresses() {}

    static boolean contain(InetAddress address) {
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        return address instanceof Inet4Address v4 ? contain(v4) : contain((Inet6Address) address);
    }

    private static boolean contain(Inet4Address address) {
        byte[] bytes = address.getAddress();
        int first = bytes[0] & BYTE;
        int second = bytes[1] & BYTE;
        int third = bytes[2] & BYTE;
        return first != 0
                && first < 240
                && !(first == 100 && second >= 64 && second < 128)
                && !(first == 192 && second == 0 && (third == 0 || third == 2))
                && !(first == 198 && (second == 18 || second == 19))
                && !(first == 198 && second == 51 && third == 100)
                && !(first == 203 && second == 0 && third == 113);
    }

    private static boolean contain(Inet6Address address) {
        byte[] bytes = address.getAddress();
        int first = ((bytes[0] & BYTE) << 8) | (bytes[1] & BYTE);
        int second = ((bytes[2] & BYTE) << 8) | (bytes[3] & BYTE);
        if (first == 0x64 && second == 0xff9b) {
            return containsAt(bytes, 12); // an IPv4 address behind a translator
        }
        if (first == 0x2002) {
            return containsAt(bytes, 2); // 6to4
        }
        boolean global = (first & 0xe000) == 0x2000;
        boolean special = first == 0x2001 && (second < 0x200 || second == 0xdb8);
        return global && !special;
    }

    private static boolean containsAt(byte[] bytes, int offset) {
        try {
            return contain(InetAddress.getByAddress(Arrays.copyOfRange(bytes, offset, offset + 4)));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // four bytes are always an address
        }
    }
}
