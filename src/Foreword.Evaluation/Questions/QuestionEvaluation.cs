using Foreword.Data.Questions;
using Foreword.Data.Supervised;
using Foreword.Generation;

namespace Foreword.Evaluation.Questions;

/// <summary>Lets a model answer the questions of a mix, and measures the answers. Answers are decoded greedily.</summary>
internal static class QuestionEvaluation
{
    /// <summary>The number of questions that are answered together.</summary>
    private const int Together = 32;

    /// <summary>Answers the questions of a task.</summary>
    /// <param name="model">The model.</param>
    /// <param name="task">The task.</param>
    /// <param name="test">Whether the questions of the test are answered, instead of those of the validation.</param>
    /// <param name="answered">Receives the number of answered questions; null for none.</param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <exception cref="InvalidDataException">The task has no such questions, or the tokenizer has no token that ends a text.</exception>
    public static QuestionScore Run(TextModel model, QuestionTask task, bool test, IProgress<int>? answered = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(task);
        IReadOnlyList<Question> questions = test ? task.Test : task.Validation;
        if (questions.Count == 0)
            throw new InvalidDataException($"{task.Name} has no {(test ? "test" : "validation")} questions");
        QuestionEncoder encoder = new(model.Tokenizer, model.Model.Config.ContextLength);
        TextGenerator generator = new(model.Model, model.Tokenizer);
        SamplingOptions greedy = new() { Temperature = 0, MaxTokens = encoder.MostWritten };
        List<(Question, string)> all = [];
        foreach (Question[] some in questions.Chunk(Together))
        {
            Completion[] completions = generator.ContinueEach([.. some.Select(question => (Question.Prompt(question.Context, question.Asked), encoder.Prompt(question)))], greedy, cancellationToken);
            all.AddRange(some.Zip(completions, (question, completion) => (question, completion.Text.Trim())));
            answered?.Report(all.Count);
        }

        return new QuestionScore(task.Name, task.Metric, AnswerScores.Compute(task.Metric, all), all);
    }
}

/// <summary>The answers of a model to the questions of a task.</summary>
/// <param name="Task">The name of the task.</param>
/// <param name="Metric">What measures it.</param>
/// <param name="Value">The value of the metric, 0 to 100.</param>
/// <param name="Answered">The questions with the model's answers.</param>
internal sealed record QuestionScore(string Task, AnswerMetric Metric, double Value, IReadOnlyList<(Question Question, string Answer)> Answered);
