namespace Foreword.NativeAot;

/// <summary>Runs every part of the two libraries, one after the other.</summary>
internal static class Everything
{
    public static async Task RunAsync(string fixtures, TextWriter output)
    {
        using Report report = new(fixtures, output);
        Models.Run(report);
        Tokenizers.Run(report);
        await Writing.RunAsync(report);
        TaskHeads.Run(report);
        Evaluations.Run(report);
        Corpora.Run(report);
        RecipeFiles.Run(report);
        await Hub.RunAsync(report);
    }
}
