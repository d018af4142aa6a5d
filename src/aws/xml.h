// SPDX-License-Identifier: Apache-2.0
// The text of one element of an XML answer: errors, and the keys that STS gives. No parser of XML:
// what would take one to understand (markup within the element, declarations, entities that are not
// XML's own) gives nothing. Pure.
#pragma once

#include <stddef.h>

// What the first element of this local name holds: entities decoded, the blanks at both ends cut
// off. NULL: there is none, it is empty, or it is in doubt; a later one of the name is not looked
// at. The caller's, of one piece, since it may be a secret to wipe.
char *xml_text(const char *xml, size_t n_bytes, const char *name);
