using System.Text.RegularExpressions;
using Foreword.Data.Recipes.Yaml;
using Foreword.IO;
using Foreword.Settings;

namespace Foreword.Data.Questions;

/// <summary>A set of further wordings of questions, see <see cref="Recipes.Supervised.QuestionMix.Wordings"/>.</summary>
internal sealed partial class QuestionWordings
{
    private readonly Dictionary<string, string[]> _wordings = [];

    private QuestionWordings()
    {
    }

    /// <summary>Gets the wordings of a mix without such a file.</summary>
    public static QuestionWordings Usual { get; } = new();

    /// <summary>Reads a file: a mapping from names of tasks to lists of texts.</summary>
    /// <param name="path">The YAML file.</param>
    /// <param name="tasks">The names of the tasks.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is malformed. The message names file, line and task.</exception>
    public static QuestionWordings Read(string path, IReadOnlyList<string> tasks)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"there is no file of wordings {path}", path);
        RecipeSource source = new RecipeSource.RecipeText(path, "file of wordings");
        if (RecipeDocument.Parse(StrictText.Read(path), source) is not RecipeMapping mapping)
            throw new InvalidDataException($"{path}: expected a list of wordings for each task, such as sst: [\"{{question}}\", \"Is it {{options}}?\"]");
        QuestionWordings wordings = new();
        foreach ((RecipeScalar task, RecipeNode node) in mapping.Entries)
        {
            if (!tasks.Contains(task.Text))
                throw source.Error(task.Line, $"there is no task '{task.Text}' in the mix{NearestName.Suggestion(task.Text, tasks)}");
            RecipeScalar[] texts = node is RecipeList list ? [.. list.Items.OfType<RecipeScalar>()] : [];
            if (node is not RecipeList { Items.Count: > 0 } all || texts.Length < all.Items.Count)
                throw source.Error(node.Line, $"{task.Text} needs a list of texts");
            foreach (RecipeScalar text in texts)
            {
                if (Placeholder().Matches(text.Text).FirstOrDefault(match => match.Value is not ("{question}" or "{options}" or "{other}")) is { } unknown)
                    throw source.Error(text.Line, $"{task.Text} holds {unknown.Value}; expected {{question}}, {{options}} or {{other}}");
            }

            wordings._wordings[task.Text] = [.. texts.Select(text => text.Text)];
        }

        return wordings;
    }

    /// <summary>Checks that the questions of a task have the parts that its wordings name.</summary>
    /// <param name="path">The file of the wordings, for the message.</param>
    /// <param name="task">The name of the task.</param>
    /// <param name="questions">Its questions.</param>
    /// <exception cref="InvalidDataException">A question lacks a part. The message names it.</exception>
    public void Check(string path, string task, IReadOnlyList<Question> questions)
    {
        foreach ((string name, Func<Question, string> part) in ((string, Func<Question, string>)[])[("{options}", question => question.Options), ("{other}", question => question.Other)])
        {
            if (_wordings.GetValueOrDefault(task)?.FirstOrDefault(wording => wording.Contains(name, StringComparison.Ordinal)) is { } wording && questions.FirstOrDefault(question => part(question).Length == 0) is { } without)
                throw new InvalidDataException($"{path}: a wording of {task}, \"{wording}\", holds {name}, which the question {without.Place} does not have");
        }
    }

    /// <summary>Returns the number of wordings of a task, 1 or more.</summary>
    public int Count(string task) => _wordings.TryGetValue(task, out string[]? wordings) ? wordings.Length : 1;

    /// <summary>Returns a question in one of the wordings of its task.</summary>
    public string Ask(string task, Question question, int wording) => _wordings.TryGetValue(task, out string[]? wordings)
        ? wordings[wording].Replace("{question}", question.Asked, StringComparison.Ordinal).Replace("{options}", question.Options, StringComparison.Ordinal).Replace("{other}", question.Other, StringComparison.Ordinal)
        : question.Asked;

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Placeholder();
}
