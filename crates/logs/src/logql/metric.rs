//! Reads questions whose answers are numbers.

use super::Wrong;
use super::ast::{
    Aggregate, Answering, Binary, Compare, Grouping, Kind, Metric, Operator, OverTime, Pipeline,
    Range, Unit, Unwrap,
};
use super::lex::Token;
use super::parse::Parser;

fn over_time(word: &str) -> Option<OverTime> {
    Some(match word {
        "count_over_time" => OverTime::Count,
        "rate" => OverTime::Rate,
        "bytes_over_time" => OverTime::Bytes,
        "bytes_rate" => OverTime::BytesRate,
        "absent_over_time" => OverTime::Absent,
        "sum_over_time" => OverTime::Sum,
        "avg_over_time" => OverTime::Average,
        "min_over_time" => OverTime::Min,
        "max_over_time" => OverTime::Max,
        "first_over_time" => OverTime::First,
        "last_over_time" => OverTime::Last,
        "stddev_over_time" => OverTime::Deviation,
        "stdvar_over_time" => OverTime::Variance,
        "quantile_over_time" => OverTime::Quantile,
        _ => return None,
    })
}

fn aggregate(word: &str) -> Option<Aggregate> {
    Some(match word {
        "sum" => Aggregate::Sum,
        "avg" => Aggregate::Average,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "count" => Aggregate::Count,
        "stddev" => Aggregate::Deviation,
        "stdvar" => Aggregate::Variance,
        "topk" => Aggregate::Top,
        "bottomk" => Aggregate::Bottom,
        "sort" => Aggregate::Sort,
        "sort_desc" => Aggregate::SortDown,
        _ => return None,
    })
}

/// An operator and how much it binds.
fn operator(token: &Token) -> Option<(Operator, u8)> {
    let found = match token {
        Token::Name(word) => match word.as_str() {
            "or" => (Operator::Or, 1),
            "and" => (Operator::And, 2),
            "unless" => (Operator::Unless, 2),
            _ => return None,
        },
        Token::Sign(sign) => match *sign {
            "+" => (Operator::Add, 4),
            "-" => (Operator::Subtract, 4),
            "*" => (Operator::Multiply, 5),
            "/" => (Operator::Divide, 5),
            "%" => (Operator::Modulo, 5),
            "^" => (Operator::Power, 6),
            "=" => return None,
            sign => (Operator::Compare(Compare::read(sign)?), 3),
        },
        Token::Text(_) | Token::Number(_) | Token::Duration(_) | Token::Size(_) | Token::End => {
            return None;
        }
    };
    Some(found)
}

impl Parser<'_> {
    /// Numbers joined by operators that bind at least so much.
    pub(crate) fn metric(&mut self, least: u8) -> Result<Metric, Wrong> {
        self.deeper(|parser| parser.joined(least))
    }

    fn joined(&mut self, least: u8) -> Result<Metric, Wrong> {
        let mut left = self.single()?;
        let mut count = 0;
        while let Some((operator, binds)) =
            operator(self.peek()).filter(|(_, binds)| *binds >= least)
        {
            self.next();
            count += 1;
            if count > 30 {
                return Err(self.wrong_before("more than 30 operators one after the other"));
            }
            let answer = if self.takes_word("bool") { Answering::Truth } else { Answering::Filter };
            let pairing = self.pairing()?;
            // A power is read from the right.
            let next = if operator == Operator::Power { binds } else { binds + 1 };
            let right = self.metric(next)?;
            left = Metric::Binary(Box::new(Binary { left, right, operator, answer, pairing }));
        }
        Ok(left)
    }

    fn pairing(&mut self) -> Result<Option<Grouping>, Wrong> {
        let kind = if self.takes_word("on") {
            Kind::By
        } else if self.takes_word("ignoring") {
            Kind::Without
        } else {
            return Ok(None);
        };
        let labels = self.label_list()?;
        if matches!(self.peek(), Token::Name(word) if word == "group_left" || word == "group_right")
        {
            return Err(self.wrong("group_left and group_right are not supported"));
        }
        Ok(Some(Grouping { kind, labels }))
    }

    fn label_list(&mut self) -> Result<Vec<String>, Wrong> {
        self.sign("(")?;
        let mut labels = Vec::new();
        while !self.takes(")") {
            if !labels.is_empty() {
                self.sign(",")?;
            }
            labels.push(self.name()?);
        }
        Ok(labels)
    }

    fn grouping(&mut self) -> Result<Option<Grouping>, Wrong> {
        let kind = if self.takes_word("by") {
            Kind::By
        } else if self.takes_word("without") {
            Kind::Without
        } else {
            return Ok(None);
        };
        Ok(Some(Grouping { kind, labels: self.label_list()? }))
    }

    fn single(&mut self) -> Result<Metric, Wrong> {
        if self.takes("(") {
            let inner = self.metric(0)?;
            self.sign(")")?;
            return Ok(inner);
        }
        if self.takes("-") {
            return self.number().map(|number| Metric::Number(-number));
        }
        if self.takes("+") {
            return self.number().map(Metric::Number);
        }
        let Token::Name(word) = self.peek().clone() else {
            return self.number().map(Metric::Number);
        };
        self.next();
        if let Some(how) = aggregate(&word) {
            return self.aggregate(how);
        }
        if let Some(how) = over_time(&word) {
            return self.range(how);
        }
        if word == "vector" {
            self.sign("(")?;
            let number = self.number()?;
            self.sign(")")?;
            return Ok(Metric::Vector(number));
        }
        Err(self.wrong_before(format!("{word:.40} is not supported, or no function of LogQL")))
    }

    fn number(&mut self) -> Result<f64, Wrong> {
        let sign = if self.takes("-") { -1.0 } else { 1.0 };
        if let Token::Number(number) = *self.peek() {
            self.next();
            return Ok(number * sign);
        }
        Err(self.unexpected("a selector such as {job=\"x\"}, a function or a number"))
    }

    fn aggregate(&mut self, how: Aggregate) -> Result<Metric, Wrong> {
        let before = self.grouping()?;
        self.sign("(")?;
        let mut parameter = 0.0;
        if matches!(how, Aggregate::Top | Aggregate::Bottom) {
            parameter = self.number()?;
            if !(1.0..=10_000.0).contains(&parameter) {
                return Err(self.wrong_before("expected a number from 1 to 10000"));
            }
            self.sign(",")?;
        }
        let of = Box::new(self.metric(0)?);
        self.sign(")")?;
        let after = if before.is_none() { self.grouping()? } else { None };
        let grouping = before.or(after).unwrap_or_default();
        Ok(Metric::Aggregate { of, how, parameter, grouping })
    }

    fn range(&mut self, how: OverTime) -> Result<Metric, Wrong> {
        let begin = self.wrong_before("");
        self.sign("(")?;
        let mut parameter = 0.0;
        if how == OverTime::Quantile {
            parameter = self.number()?;
            self.sign(",")?;
        }
        let matchers = self.selector()?;
        let mut range = self.window()?;
        let mut stages = Vec::new();
        self.stages(&mut stages)?;
        let unwrap = self.unwrap()?;
        if range.is_none() {
            range = self.window()?;
        }
        let Some((length, offset)) = range else {
            return Err(self.unexpected("a range such as `[5m]`"));
        };
        self.sign(")")?;
        let grouping = self.grouping()?;
        let pipeline = Pipeline { matchers, stages };
        let range = Range { how, parameter, pipeline, unwrap, length, offset, grouping };
        check(&range).map_err(|says| Wrong { says: says.to_owned(), ..begin })?;
        Ok(Metric::Range(Box::new(range)))
    }

    /// `[5m]`, perhaps `offset 1h`.
    fn window(&mut self) -> Result<Option<(i64, i64)>, Wrong> {
        if !self.takes("[") {
            return Ok(None);
        }
        let range = self.duration()?;
        if range <= 0 {
            return Err(self.wrong_before("a range is longer than nothing"));
        }
        self.sign("]")?;
        let mut offset = 0;
        if self.takes_word("offset") {
            let back = self.takes("-");
            offset = self.duration()?;
            offset = if back { -offset } else { offset };
        }
        if self.peek() == &Token::Sign("@") {
            return Err(self.wrong("@ is not supported"));
        }
        Ok(Some((range, offset)))
    }

    fn duration(&mut self) -> Result<i64, Wrong> {
        if let Token::Duration(duration) = *self.peek() {
            self.next();
            return Ok(duration);
        }
        Err(self.unexpected("a duration such as `5m`"))
    }

    fn unwrap(&mut self) -> Result<Option<Unwrap>, Wrong> {
        if !self.takes("|") {
            return Ok(None);
        }
        self.next();
        let word = self.name()?;
        let unit = match word.as_str() {
            "duration" | "duration_seconds" if self.takes("(") => Some(Unit::Duration),
            "bytes" if self.takes("(") => Some(Unit::Size),
            _ => None,
        };
        let label = match unit {
            Some(_) => {
                let label = self.name()?;
                self.sign(")")?;
                label
            }
            None => word,
        };
        let mut after = Vec::new();
        while self.takes("|") {
            after.push(self.condition()?);
        }
        Ok(Some(Unwrap { label, unit: unit.unwrap_or(Unit::Plain), after }))
    }
}

/// Whether what is counted is what the function counts.
fn check(range: &Range) -> Result<(), &'static str> {
    let needs = match range.how {
        OverTime::Sum
        | OverTime::Average
        | OverTime::Min
        | OverTime::Max
        | OverTime::First
        | OverTime::Last
        | OverTime::Deviation
        | OverTime::Variance
        | OverTime::Quantile => true,
        OverTime::Count
        | OverTime::Rate
        | OverTime::Bytes
        | OverTime::BytesRate
        | OverTime::Absent => false,
    };
    if needs && range.unwrap.is_none() {
        return Err("this function needs `| unwrap LABEL` before the range");
    }
    let counts = matches!(range.how, OverTime::Count | OverTime::Bytes | OverTime::BytesRate);
    if counts && range.unwrap.is_some() {
        return Err("this function takes no `| unwrap`");
    }
    if !needs && range.grouping.is_some() {
        return Err("this function takes no by or without: put sum by (…) around it");
    }
    Ok(())
}
