"""Signs a file as gpg --armor --detach-sign does, with a key that only tests trust.

The key was made by gpg; its public part is images.asc, which test hosts have in /etc. There is no
gpg on the machine that tests run on, so the packet is written here (RFC 4880, version 4).
"""
import base64
import functools
import hashlib
import struct
import textwrap

N = int(
    "CDD6D59A9685F61CB64C5D3D90F7F4DF100CE09EE462B6E465F2D41FDD20B2F7F75C7A5F98BE805339B0498E"
    "078F2E55B65FBEAAA825FB56C142A6A44EA8575B0274080B24C4C26CA0DCB9ADAC31ECCFCC7979BA03A75CFB"
    "F5355A26A443FCABA13138BF96DA5A1A54485A1F2725A59521E3A4B492E6F629A72A20D6895890674EB0EC93"
    "2F46834C79A4CA798037BAB2E645FF292809BE80696E66F528FDEA3C5D2689EFE42B83CE2FA4F35251E300D4"
    "4E1B0F41CAF2956D9E2976CB91A4A2E5ADE2C6CC0969D0F5BB785A47B00689C4883CEBD166AB0BC5CDA362F8"
    "0810B6DB932E827B6604AF77F88FE9D6BC0F283F18341FD355E6BCB47745AF677112C01D", 16)
D = int(
    "2701A970564A74095C5D6BC4ED3A23CFFA8F6A288A208FC687F04494F6374A5AF5A7F373B6B31107D4748CF7"
    "CA846E54254F8F06F17EE31A7D5C974E272EBD011CDDA6A18FF9EE5B1DFFBDFB0498E066BF799CA0ECACD450"
    "D5D6A2AB147162CA166D88B2BBD04C875545F1B81A17C701540EFAC912568CBAF777E309ACB4D906373E992A"
    "44758857525364E16E16D0BCC8F8495211AABA9BABED6D42D90398D508A5843131ECF9F6880D0BF6EA58BA49"
    "7CBB6A2E09887FC7AB0DB07BBDDF3288C6BAB116B8438C30F9320B53D15CEA6C74F0F867D89780310512CD2D"
    "6820EBBE9199D3786A45F308FB10FF54312971DEDFD152F84F3770F71AAF481976CAEB91", 16)
CREATED = 1577836800
# The begin of the DigestInfo of PKCS #1 for SHA-512
SHA512 = bytes.fromhex("3051300d060960864801650304020305000440")


def number(value):
    return struct.pack(">H", value.bit_length()) + value.to_bytes((value.bit_length() + 7) // 8, "big")


def subpacket(kind, data):
    return bytes([len(data) + 1, kind]) + data


def fingerprint():
    body = struct.pack(">BIB", 4, CREATED, 1) + number(N) + number(65537)
    return hashlib.sha1(b"\x99" + struct.pack(">H", len(body)) + body).digest()


def crc24(data):
    crc = 0xb704ce
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864cfb
    return crc.to_bytes(3, "big")


def armor(data):
    text = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    check = base64.b64encode(crc24(data)).decode()
    return (f"-----BEGIN PGP SIGNATURE-----\n\n{text}\n={check}\n"
            "-----END PGP SIGNATURE-----\n").encode()


@functools.lru_cache
def sign(data, made, stranger=False):
    """The signature, made at `made`; of a stranger: it names another key, and is not even its."""
    key = fingerprint()
    if stranger:
        key = key[::-1]
    hashed = subpacket(33, b"\x04" + key) + subpacket(2, struct.pack(">I", int(made)))
    head = struct.pack(">BBBBH", 4, 0, 1, 10, len(hashed)) + hashed
    digest = hashlib.sha512(data + head + b"\x04\xff" + struct.pack(">I", len(head))).digest()
    size = (N.bit_length() + 7) // 8
    info = SHA512 + digest
    padded = b"\0\x01" + b"\xff" * (size - len(info) - 3) + b"\0" + info
    others = subpacket(16, key[-8:])
    body = (head + struct.pack(">H", len(others)) + others + digest[:2] +
            number(pow(int.from_bytes(padded, "big"), D, N)))
    return armor(b"\x89" + struct.pack(">H", len(body)) + body)
