/* The templates of lib/jail/templates, as build/bundle puts them together, compressed
 * (lib/text/packed.h). Named in lib/jail/template.c. */

	.section .rodata.templates, "a", %progbits
	.globl template_files
	.globl template_files_end
	.type template_files, %object
	.type template_files_end, %object
template_files:
	.incbin "build/out/templates.packed"
template_files_end:
	.size template_files, template_files_end - template_files

	.section .note.GNU-stack, "", %progbits
