//! From a `Proof` to the tree of files of every host. The same ISP always gives the same bytes.
