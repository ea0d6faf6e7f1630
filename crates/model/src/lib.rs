//! The declared ISP: TOML in, one typed, linked `Isp` and every finding out. Never reads a file.
