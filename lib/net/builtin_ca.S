/* The roots of Debian's ca-certificates, as PEM text, for a machine that has
 * no CA bundle of its own. Made by build/ca-bundle; read by lib/net/anchors.c.
 * The byte after the last one is 0. */

	.section .rodata.builtin_ca, "a", %progbits
	.globl builtin_ca_pem
	.globl builtin_ca_pem_end
	.type builtin_ca_pem, %object
	.type builtin_ca_pem_end, %object
builtin_ca_pem:
	.incbin "build/out/ca-bundle.pem"
builtin_ca_pem_end:
	.byte 0
	.size builtin_ca_pem, builtin_ca_pem_end - builtin_ca_pem

	.section .note.GNU-stack, "", %progbits
