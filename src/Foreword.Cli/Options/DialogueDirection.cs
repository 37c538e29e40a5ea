using Foreword.Chat;
using Foreword.Data.Recipes;

namespace Foreword.Cli.Options;

/// <summary>
/// Checks in which direction models were trained on dialogues. A model of the wrong direction computes without an error, but its answers and scores mean
/// nothing. A model whose direction is not known is accepted.
/// </summary>
internal static class DialogueDirection
{
    /// <summary>Checks that a model can write answers.</summary>
    /// <param name="model">The model that the user named.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such model.</exception>
    /// <exception cref="InvalidDataException">It was trained on dialogues from their end.</exception>
    public static void CheckAnswers(string model)
    {
        if (ChatTemplateFile.ReverseOf(model) == true)
            throw new InvalidDataException($"{model} was trained with --reverse, so it ranks answers and does not write them; name a model that was trained without --reverse, and give this one to --mmi");
    }

    /// <summary>Returns the template of a model that ranks answers.</summary>
    /// <param name="model">The model that the user named.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such model.</exception>
    /// <exception cref="InvalidDataException">It was trained on dialogues from their beginning, or its template is not one.</exception>
    public static ChatTemplate TemplateOfBackward(string model) => ChatTemplateFile.OfModel(model) is { Reverse: not false } template
        ? template
        : throw new InvalidDataException($"--mmi: {model} was trained without --reverse, so it cannot rank answers; train one with finetune --task dialogue --reverse");
}
