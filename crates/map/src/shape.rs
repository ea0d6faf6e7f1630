//! What a drawing is made of: boxes, lines and words with their places, as plain data.

/// A length or place in SVG units: integers only, so that the same network gives the same bytes.
pub(crate) type Px = i64;

/// A count as a length.
pub(crate) fn px(count: usize) -> Px {
    Px::try_from(count).unwrap_or(Px::MAX)
}

/// A rectangle by its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rect {
    pub(crate) x: Px,
    pub(crate) y: Px,
    pub(crate) w: Px,
    pub(crate) h: Px,
}

impl Rect {
    /// The first x to the right of it.
    pub(crate) fn right(&self) -> Px {
        self.x + self.w
    }

    /// The first y below it.
    pub(crate) fn bottom(&self) -> Px {
        self.y + self.h
    }

    #[cfg(test)]
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

/// How words look: also the name of their class in the style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// The provider's name.
    Head,
    /// The name of a site.
    Site,
    /// The name of a box.
    Name,
    /// What a box is.
    Note,
    /// Words in a chip.
    Chip,
    /// An address.
    Addr,
    /// The end of an address, where a line meets a box.
    Port,
}

impl Style {
    /// Class and size.
    fn face(self) -> (&'static str, Px) {
        match self {
            Self::Head => ("head", 22),
            Self::Site => ("site", 14),
            Self::Name => ("name", 14),
            Self::Note => ("note", 11),
            Self::Chip => ("chip", 10),
            Self::Addr => ("addr", 10),
            Self::Port => ("port", 9),
        }
    }

    /// What a letter is wide in hundredths of the size: a little more than in any of the fonts
    /// that the style sheet names, so that a viewer's own font still fits.
    fn letter(self, c: char) -> Px {
        let bold = match self {
            Self::Addr | Self::Port => return if c < '\u{2e80}' { 61 } else { 105 },
            Self::Head | Self::Site | Self::Name => 4,
            Self::Note | Self::Chip => 0,
        };
        bold + match c {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '\'' => 28,
            ' ' | 'f' | 'r' | 't' | '-' | '(' | ')' | '/' | '·' | '›' | '!' => 36,
            'm' | 'w' | 'M' | 'W' | '…' => 92,
            'A'..='Z' => 72,
            '\u{2e80}'.. => 105,
            _ => 58,
        }
    }

    /// Its class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        self.face().0
    }

    /// The height of its letters.
    pub(crate) fn size(self) -> Px {
        self.face().1
    }

    /// The width of a text.
    pub(crate) fn width(self, text: &str) -> Px {
        let hundredths: Px = text.chars().map(|c| self.letter(c)).sum();
        (hundredths * self.size() + 99) / 100
    }
}

/// Words at a place: `x` is where they begin, `y` the line that they stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) x: Px,
    pub(crate) y: Px,
    pub(crate) style: Style,
    pub(crate) words: String,
    /// Whether it goes on behind the text before it, wherever that ends in the viewer's font.
    pub(crate) goes_on: bool,
}

impl Text {
    /// A text that stands by itself.
    pub(crate) fn new(x: Px, y: Px, style: Style, words: String) -> Self {
        Self { x, y, style, words, goes_on: false }
    }

    /// A text on the line of this one, behind it.
    pub(crate) fn then(&self, style: Style, words: String) -> Self {
        Self { x: self.right() + 8, y: self.y, style, words, goes_on: true }
    }

    /// Where it ends at most.
    pub(crate) fn right(&self) -> Px {
        self.x + self.style.width(&self.words)
    }

    #[cfg(test)]
    pub(crate) fn rect(&self) -> Rect {
        let size = self.style.size();
        let w = self.style.width(&self.words);
        Rect { x: self.x, y: self.y - size * 4 / 5, w, h: size }
    }
}

/// A box: a site's frame, a machine, a segment's bus, a badge on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    pub(crate) rect: Rect,
    /// `kind.name`, or nothing for what is not an object of its own.
    pub(crate) key: String,
    /// Its class in the style sheet.
    pub(crate) look: &'static str,
    /// The tooltip.
    pub(crate) title: String,
    pub(crate) texts: Vec<Text>,
    pub(crate) parts: Vec<Self>,
}

impl Shape {
    /// Moves it with all that is in it.
    pub(crate) fn moved(mut self, x: Px, y: Px) -> Self {
        self.rect.x += x;
        self.rect.y += y;
        for text in &mut self.texts {
            text.x += x;
            text.y += y;
        }
        self.parts = self.parts.into_iter().map(|part| part.moved(x, y)).collect();
        self
    }
}

/// A line from a box to a bus: a network interface or a BGP session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) key: String,
    pub(crate) look: &'static str,
    pub(crate) title: String,
    /// From the box to the bus.
    pub(crate) points: Vec<(Px, Px)>,
    pub(crate) label: Option<Text>,
}

/// A whole drawing, from back to front.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Picture {
    pub(crate) width: Px,
    pub(crate) height: Px,
    pub(crate) title: String,
    pub(crate) texts: Vec<Text>,
    pub(crate) frames: Vec<Shape>,
    pub(crate) wires: Vec<Wire>,
    pub(crate) bands: Vec<Shape>,
    pub(crate) cards: Vec<Shape>,
    /// The signs of the legend; their words are in `texts`.
    pub(crate) legend: Vec<Shape>,
}
