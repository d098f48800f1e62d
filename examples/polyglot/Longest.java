import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;

/** Finds the longest word of a text. */
public class Longest {
  public static void main(String[] args) throws Exception {
    String input = Files.readString(Path.of(System.getenv("TEMPOGRAPH_INPUT")));
    String text = input.replaceAll("(?s)^.*\"text\"\\s*:\\s*\"([^\"]*)\".*$", "$1");
    String longest =
        Arrays.stream(text.split(" ")).max(Comparator.comparingInt(String::length)).orElse("");
    Files.writeString(Path.of(System.getenv("TEMPOGRAPH_OUTPUT")), "\"" + longest + "\"");
  }
}
