namespace Foreword.Data.Recipes.Yaml;

/// <summary>The origin of a value: a recipe file, or a <c>--set</c> on the command line.</summary>
/// <param name="Kind">The name of this kind of file in messages, such as <c>recipe</c>.</param>
internal abstract record RecipeSource(string Kind)
{
    /// <summary>Returns the beginning of a message about a line.</summary>
    public abstract string At(long line);

    /// <summary>Creates the exception that reports a mistake in a line.</summary>
    public abstract Exception Error(long line, string message);

    /// <summary>A recipe file. A mistake in it is an <see cref="InvalidDataException"/>.</summary>
    public sealed record RecipeText(string Name, string Kind) : RecipeSource(Kind)
    {
        /// <inheritdoc/>
        public override string At(long line) => $"{Name}:{line}";

        /// <inheritdoc/>
        public override Exception Error(long line, string message) => new InvalidDataException($"{At(line)}: {message}");
    }

    /// <summary>An override. A mistake in it is an <see cref="ArgumentException"/>.</summary>
    public sealed record Override(string Text) : RecipeSource("recipe")
    {
        /// <inheritdoc/>
        public override string At(long line) => $"override {Text}";

        /// <inheritdoc/>
        public override Exception Error(long line, string message) => new ArgumentException($"{At(line)}: {message}");
    }
}
