//! Typed routing policy: the syntax tree, its interpreter and its BIRD text. Knows no daemon but BIRD's language.
