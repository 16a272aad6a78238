/* The templates of lib/jail/templates, each with a 0 byte behind it; listed in
 * lib/jail/template.c. */

	.section .rodata.templates, "a", %progbits

	.macro template name
	.globl template_\name
	.type template_\name, %object
template_\name:
	.incbin "lib/jail/templates/\name\().conf"
	.byte 0
	.size template_\name, . - template_\name
	.endm

	template docker
	template podman
	template k3s
	template incus
	template lxd
	template nixos
	template router

	.section .note.GNU-stack, "", %progbits
