using Microsoft.Extensions.Options;

namespace Foreword.Extensions.AI.Hosting;

/// <summary>Checks settings, and opens the model that they name. No weights are read.</summary>
internal sealed class ForewordOptionsValidation : IValidateOptions<ForewordOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ForewordOptions options)
    {
        string prefix = string.IsNullOrEmpty(name) ? "Foreword: " : $"Foreword '{name}': ";
        string[] problems = [.. options.Problems()];
        if (problems.Length == 0 && ModelProblem(options) is { } problem)
            problems = [problem];
        return problems.Length > 0 ? ValidateOptionsResult.Fail(problems.Select(sentence => prefix + sentence)) : ValidateOptionsResult.Success;
    }

    private static string? ModelProblem(ForewordOptions options)
    {
        try
        {
            using StoredModel stored = LoadedModel.Open(options);
            LoadedModel.TemplateOf(options, stored);
            return null;
        }
        catch (Exception problem) when (problem is IOException or InvalidDataException or NotSupportedException or UnauthorizedAccessException)
        {
            return problem.Message;
        }
    }
}
