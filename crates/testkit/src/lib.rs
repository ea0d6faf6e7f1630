//! Development only: the case driver, fixed clock and sample ISPs shared by tests.
