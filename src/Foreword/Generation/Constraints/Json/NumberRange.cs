using System.Globalization;
using Foreword.Generation.Constraints.Grammars;

namespace Foreword.Generation.Constraints.Json;

/// <summary>
/// Describes the numbers within bounds as an automaton over digits. It remembers whether the digits so far equal those of a bound, and their remainder
/// for multiples. Numbers are written without an exponent.
/// </summary>
internal sealed class NumberRange
{
    /// <summary>The largest factor of multiples. The automaton has a state for every remainder and number of digits left.</summary>
    private const int MaxFactor = 1000;

    private readonly Dictionary<State, int> _states = [];
    private readonly Queue<State> _work = new();
    private readonly List<(int From, Expression Read, int To)> _edges = [];
    private readonly List<int> _finals = [];
    private readonly int _fractionDigits;
    private readonly int _factor = 1; // multiples are those of factor / 10^fractionDigits
    private readonly int _point;

    private NumberRange(bool isInteger, decimal? multipleOf)
    {
        _fractionDigits = isInteger ? 0 : JsonExpressions.FractionDigits;
        if (multipleOf is not { } multiple)
            return;
        Decimals parts = new(multiple);
        (_point, _fractionDigits) = (parts.Fraction.Length, parts.Fraction.Length);
        if (isInteger && _point > 0)
            throw new ArgumentException($"multipleOf is {Show(multiple)}; for integers, it must be an integer");
        decimal factor = multiple;
        for (int i = 0; i < _point; i++)
            factor *= 10;
        if (factor is < 1 or > MaxFactor)
            throw new ArgumentException($"multipleOf is {Show(multiple)}; supported are 1 to {MaxFactor} times a power of ten that is at most 1");
        _factor = (int)factor;
    }

    /// <summary>Returns the numbers within bounds.</summary>
    /// <exception cref="ArgumentException">A bound is not supported, or no number is within the bounds.</exception>
    public static Expression Create(NumberBounds bounds, bool isInteger)
    {
        NumberRange range = new(isInteger, bounds.MultipleOf);
        decimal limit = 1;
        for (int i = 0; i < JsonExpressions.IntegerDigits; i++)
            limit *= 10;
        (decimal min, bool excludesMin) = bounds.Min is { } low && low > -limit ? (low, bounds.ExcludesMin) : (-limit, true);
        (decimal max, bool excludesMax) = bounds.Max is { } high && high < limit ? (high, bounds.ExcludesMax) : (limit, true);
        List<Expression> signs = [];
        if (max >= 0 && min < limit && range.Magnitudes(Math.Max(min, 0), min >= 0 && excludesMin, max, excludesMax) is { } positive)
            signs.Add(positive);
        if (min < 0 && max > -limit && range.Magnitudes(Math.Max(-max, 0), max >= 0 || excludesMax, -min, excludesMin) is { } negative)
            signs.Add(new Sequence(Expression.Literal("-"), negative));
        return signs.Count > 0
            ? new Alternatives(signs)
            : throw new ArgumentException($"no number is {(isInteger ? "an integer " : "")}within the bounds; numbers have at most {JsonExpressions.IntegerDigits} digits before the point and {range._fractionDigits} after it");
    }

    private static string Show(decimal value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns the numbers without a sign within bounds, or null if there are none.</summary>
    private StateMachine? Magnitudes(decimal min, bool excludesMin, decimal max, bool excludesMax)
    {
        if (min > max)
            return null;
        _states.Clear();
        _edges.Clear();
        _finals.Clear();
        Decimals low = new(min), high = new(max);
        int start = Number(new State(0, 0, false, false, -1));
        _work.Clear();
        for (int length = low.Integer.Length; length <= Math.Min(high.Integer.Length, JsonExpressions.IntegerDigits); length++)
            AddDigits(start, new State(length, 0, length == low.Integer.Length, length == high.Integer.Length, 0), low.Integer, high.Integer, isFirst: true);
        while (_work.TryDequeue(out State state))
        {
            if (state.Left > 0)
            {
                AddDigits(_states[state], state, low.Integer, high.Integer, isFirst: false);
                continue;
            }

            AddFraction(state, low, excludesMin, high, excludesMax);
        }

        return CanEnd() ? new StateMachine(_states.Count, [.. _edges], [.. _finals]) : null;
    }

    /// <summary>Adds the edges for a digit before the point.</summary>
    private void AddDigits(int from, State state, string low, string high, bool isFirst)
    {
        int smallest = state.AtLow ? low[^state.Left] - '0' : 0, largest = state.AtHigh ? high[^state.Left] - '0' : 9;
        if (isFirst && state.Left > 1)
            smallest = Math.Max(smallest, 1); // no leading zeros
        for (int digit = smallest; digit <= largest; digit++)
            AddEdge(from, digit, state with { Left = state.Left - 1, AtLow = state.AtLow && digit == smallest && low[^state.Left] - '0' == digit, AtHigh = state.AtHigh && digit == largest, Remainder = (state.Remainder * 10 + digit) % _factor });
    }

    /// <summary>Adds the point, a digit after it, and whether the number may end here.</summary>
    private void AddFraction(State state, Decimals low, bool excludesMin, Decimals high, bool excludesMax)
    {
        int from = _states[state], written = Math.Max(state.Written - 1, 0);
        if (state.Written != 1) // not directly after the point
        {
            int remainder = state.Remainder;
            for (int i = written; i < _point; i++)
                remainder = remainder * 10 % _factor;
            bool enough = !state.AtLow || (low.IsZeroFrom(written) && !excludesMin);
            bool notTooMuch = !state.AtHigh || !high.IsZeroFrom(written) || !excludesMax;
            if (remainder == 0 && enough && notTooMuch)
                _finals.Add(from);
        }

        if (state.Written == 0 && _fractionDigits > 0)
            _edges.Add((from, Expression.Literal("."), Number(state with { Written = 1 })));
        if (state.Written == 0 || written == _fractionDigits)
            return;
        int smallest = state.AtLow ? low.FractionAt(written) : 0, largest = state.AtHigh ? high.FractionAt(written) : 9;
        for (int digit = smallest; digit <= largest; digit++)
            AddEdge(from, digit, state with { Written = state.Written + 1, AtLow = state.AtLow && digit == smallest, AtHigh = state.AtHigh && digit == largest, Remainder = (state.Remainder * 10 + digit) % _factor });
    }

    private void AddEdge(int from, int digit, State to)
    {
        int target = Number(to);
        int character = '0' + digit;
        if (_edges.Count > 0 && _edges[^1] is var (source, read, last) && source == from && last == target
            && read is Characters { Set.Ranges: [var (first, end)] } && end == character - 1)
            _edges[^1] = (from, new Characters(new CharacterSet((first, character))), target);
        else
            _edges.Add((from, new Characters(new CharacterSet((character, character))), target));
    }

    private int Number(State state)
    {
        if (!_states.TryGetValue(state, out int number))
        {
            _states[state] = number = _states.Count;
            _work.Enqueue(state);
        }

        return number;
    }

    /// <summary>Returns whether a final state can be reached. Every state can be reached from the first one.</summary>
    private bool CanEnd() => _finals.Count > 0;

    /// <summary>A place in a number.</summary>
    /// <param name="Left">The number of digits left before the point.</param>
    /// <param name="Written">0 before the point; otherwise, 1 and the number of digits after it.</param>
    /// <param name="AtLow">Whether the digits so far equal those of the lower bound.</param>
    /// <param name="AtHigh">Whether the digits so far equal those of the upper bound.</param>
    /// <param name="Remainder">The remainder of the digits so far, divided by the factor.</param>
    private readonly record struct State(int Left, int Written, bool AtLow, bool AtHigh, int Remainder);

    /// <summary>The digits of a number that is not negative, before and after the point.</summary>
    private readonly struct Decimals
    {
        public Decimals(decimal value)
        {
            string[] parts = value.ToString(CultureInfo.InvariantCulture).Split('.');
            Integer = parts[0];
            Fraction = parts.Length > 1 ? parts[1].TrimEnd('0') : "";
        }

        public string Integer { get; }

        public string Fraction { get; }

        public int FractionAt(int place) => place < Fraction.Length ? Fraction[place] - '0' : 0;

        public bool IsZeroFrom(int place) => place >= Fraction.Length;
    }
}
