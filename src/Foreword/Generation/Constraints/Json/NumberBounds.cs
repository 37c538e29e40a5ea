namespace Foreword.Generation.Constraints.Json;

/// <summary>The bounds of a number in a schema. Null stands for no bound.</summary>
/// <param name="Min">The smallest value.</param>
/// <param name="ExcludesMin">Whether the smallest value itself is left out.</param>
/// <param name="Max">The largest value.</param>
/// <param name="ExcludesMax">Whether the largest value itself is left out.</param>
/// <param name="MultipleOf">The number of which every value is a multiple.</param>
internal readonly record struct NumberBounds(decimal? Min, bool ExcludesMin, decimal? Max, bool ExcludesMax, decimal? MultipleOf)
{
    /// <summary>Gets whether there is any bound.</summary>
    public bool Any => Min is not null || Max is not null || MultipleOf is not null;
}
