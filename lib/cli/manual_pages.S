/* The pages of applets/manual, as build/bundle puts them together, compressed
 * (lib/text/packed.h). Read by lib/cli/manual.c. */

	.section .rodata.manual_pages, "a", %progbits
	.globl manual_pages
	.globl manual_pages_end
	.type manual_pages, %object
	.type manual_pages_end, %object
manual_pages:
	.incbin "build/out/manual.packed"
manual_pages_end:
	.size manual_pages, manual_pages_end - manual_pages

	.section .note.GNU-stack, "", %progbits
