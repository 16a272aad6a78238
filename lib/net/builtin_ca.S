/* The roots of Debian's ca-certificates, DER certificates one behind the other,
 * for a machine that has no CA bundle of its own. Made by build/ca-bundle; read
 * by lib/net/anchors.c. Compressed (lib/text/packed.h). */

	.section .rodata.builtin_ca, "a", %progbits
	.globl builtin_ca
	.globl builtin_ca_end
	.type builtin_ca, %object
	.type builtin_ca_end, %object
builtin_ca:
	.incbin "build/out/ca-bundle.packed"
builtin_ca_end:
	.size builtin_ca, builtin_ca_end - builtin_ca

	.section .note.GNU-stack, "", %progbits
