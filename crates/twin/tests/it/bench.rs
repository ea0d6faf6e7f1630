//! A place on this machine for one test's twins, emptied whatever happens.
