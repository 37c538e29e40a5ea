namespace Foreword.Data.Recipes.Yaml;

/// <summary>Where a value was written: a recipe file, or a <c>--set</c> on the command line.</summary>
internal abstract record RecipeSource
{
    /// <summary>The beginning of a message about that line.</summary>
    public abstract string At(long line);

    /// <summary>The exception that reports a mistake in that line.</summary>
    public abstract Exception Error(long line, string message);

    /// <summary>A file's mistake is invalid data.</summary>
    public sealed record RecipeText(string Name) : RecipeSource
    {
        /// <inheritdoc/>
        public override string At(long line) => $"{Name}:{line}";

        /// <inheritdoc/>
        public override Exception Error(long line, string message) => new InvalidDataException($"{At(line)}: {message}");
    }

    /// <summary>An override's mistake is the caller's.</summary>
    public sealed record Override(string Text) : RecipeSource
    {
        /// <inheritdoc/>
        public override string At(long line) => $"--set {Text}";

        /// <inheritdoc/>
        public override Exception Error(long line, string message) => new ArgumentException($"{At(line)}: {message}");
    }
}
